/** How the backend is doing, for people: told when it changes, not for every attempt. */
import { type Problem, isRefusal } from './problem.ts'

export interface SenderStatus {
  /** `refused`: the backend answers and does not want us; tried again slowly. */
  state: 'connecting' | 'connected' | 'refused'
  /** What keeps logs from being delivered; undefined once nothing does. */
  problem: Problem | undefined
}

/** Called when the state or the problem's code changes, also for the better. */
export type OnStatus = (status: SenderStatus) => void

export class StatusBoard {
  #status: SenderStatus = { state: 'connecting', problem: undefined }
  readonly #onStatus: OnStatus

  constructor(onStatus: OnStatus) {
    this.#onStatus = onStatus
  }

  get status(): SenderStatus {
    return this.#status
  }

  connected(): void {
    this.#set({ state: 'connected', problem: undefined })
  }

  failed(problem: Problem): void {
    this.#set({ state: isRefusal(problem) ? 'refused' : 'connecting', problem })
  }

  #set(status: SenderStatus): void {
    const { state, problem } = this.#status
    this.#status = status
    if (status.state !== state || status.problem?.code !== problem?.code) this.#onStatus(status)
  }
}
