/** Calls of two threads overlap: what was written before a reset was read may be told after it. */
import test from 'ava'
import { REQUEST, RESPONSE, type StreamName } from '../../../../agent/protocols/analyzer.ts'
import { logLine } from '../log-line.ts'
import type { TimedCall } from '../calls.ts'
import { replay } from './replay.ts'
import { frameOf } from './wire.ts'

const call = (stream: StreamName, text: string, startNs: number, endNs: number): TimedCall => ({
  call: { stream, bytes: frameOf(text) },
  startNs,
  endNs,
})

const GET = call(REQUEST, 'HEADERS 1 END_STREAM : #2 :path=/a', 1000, 1100)
const POST = (startNs: number, endNs: number) =>
  call(REQUEST, 'HEADERS 1 END_STREAM : #3 :path=/a', startNs, endNs)
const ANSWER = (startNs: number, endNs: number) => call(RESPONSE, 'HEADERS 1 END_STREAM : #8', startNs, endNs)
const RESET = (stream: StreamName, endNs: number) => call(stream, 'RST_STREAM 1 code=5', endNs - 10, endNs)
const OTHER = (stream: StreamName, startNs: number) => call(stream, 'SETTINGS 0 ACK', startNs, startNs + 10)
const UNANSWERED = 'incomplete=response,response.headers,response.bodyBytes'

const CASES: Record<string, { side: 'server' | 'client'; calls: TimedCall[]; log: string[] }> = {
  'an answer whose call returns after the reset that followed it': {
    side: 'server',
    calls: [GET, RESET(REQUEST, 1500), ANSWER(1400, 1600)],
    log: ['GET /a 200 request=11+0 response=1+0'],
  },
  'an answer that another call went before': {
    side: 'server',
    calls: [GET, RESET(REQUEST, 1500), OTHER(RESPONSE, 1300), ANSWER(1400, 1600)],
    log: ['GET /a 200 request=11+0 response=1+0'],
  },
  'nothing was written before the reset': {
    side: 'server',
    calls: [GET, RESET(REQUEST, 1500), OTHER(RESPONSE, 1700)],
    log: [`GET /a 0 request=11+0 response=0+0 ${UNANSWERED}`],
  },
  'the server resets at once': {
    side: 'server',
    calls: [GET, RESET(RESPONSE, 1500)],
    log: [`GET /a 0 request=11+0 response=0+0 ${UNANSWERED}`],
  },
  'a request whose call returns after the reset that followed the answer': {
    side: 'client',
    calls: [ANSWER(1200, 1300), RESET(RESPONSE, 1400), POST(1000, 1500)],
    log: ['POST /a 200 request=11+0 response=1+0'],
  },
}

for (const [name, { side, calls, log }] of Object.entries(CASES))
  test(name, (t) => {
    for (const isFramed of [false, true]) {
      const events = replay(calls, { side, isComplete: true }, isFramed)
      t.deepEqual(
        events.map((event) => logLine(event, 'HTTP/2')),
        log,
      )
    }
  })

test('the log of a stream that was reset ends with the reset', (t) => {
  const [log] = replay([GET, RESET(REQUEST, 1500), OTHER(RESPONSE, 1700)], {
    side: 'server',
    isComplete: true,
  })
  t.like(log, { startNs: 1100, endNs: 1500 })
})
