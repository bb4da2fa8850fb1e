/** What the logs of a connection share, with the names known at the time of the flush. */
import type { SocketAddress } from '../connections/connection.ts'
import type { Conversation } from './conversation.ts'
import type { ConnectionView, Endpoint, Protocol, Workload } from './model.ts'

/** The same object for as long as it is true, so that its encoded form can be kept too. */
export function viewOf(conversation: Conversation): ConnectionView {
  const { view, role, tls, facts, peer, protocol } = conversation
  const local = conversation.workload ?? undefined
  const remote = peer?.workload ?? conversation.remote ?? undefined
  if (view !== undefined && sameView(view, role, tls, protocol, local, remote)) return view
  conversation.encoded = undefined
  conversation.view = {
    role,
    tls,
    protocol,
    local: endpoint(facts.local, local),
    remote: endpoint(facts.remote, remote),
  }
  return conversation.view
}

function sameView(
  view: ConnectionView,
  role: string,
  tls: boolean,
  protocol: Protocol,
  local: Workload | undefined,
  remote: Workload | undefined,
): boolean {
  return (
    view.role === role &&
    view.tls === tls &&
    view.protocol === protocol &&
    view.local.workload === local &&
    view.remote.workload === remote
  )
}

function endpoint({ address, port }: SocketAddress, workload: Workload | undefined): Endpoint {
  return { address, port, workload }
}
