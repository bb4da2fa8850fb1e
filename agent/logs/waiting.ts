/** Conversations that wait for an answer, by what was asked for. */
import type { Conversation } from './conversation.ts'

export class Waiting<Key> {
  readonly #waiting = new Map<Key, { conversations: Conversation[]; patience: number }>()

  /** Questions without an answer. */
  get size(): number {
    return this.#waiting.size
  }

  has(key: Key): boolean {
    return this.#waiting.has(key)
  }

  /** @param patience flushes that whoever waits for this answer waits @returns the question has still to be asked */
  add(key: Key, conversation: Conversation, patience: number): boolean {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) this.#waiting.set(key, { conversations: [conversation], patience })
    else waiting.conversations.push(conversation)
    return waiting === undefined
  }

  /** The answer is there: all who waited for it, also those who had given up. */
  take(key: Key): readonly Conversation[] {
    const { conversations = [] } = this.#waiting.get(key) ?? {}
    this.#waiting.delete(key)
    return conversations
  }

  /** To be called at each flush that is due. @param force nobody waits any longer @param giveUp for who does not */
  loosePatience(force: boolean, giveUp: (conversation: Conversation) => void): void {
    for (const waiting of this.#waiting.values()) {
      if (force || waiting.patience-- <= 0) waiting.conversations.forEach(giveUp)
    }
  }
}
