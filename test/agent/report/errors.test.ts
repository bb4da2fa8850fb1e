import test from 'ava'
import { accessLogError } from '../../../agent/errors.ts'
import { Errors } from '../../../agent/report/errors.ts'

const missing = accessLogError('KUBERNETES_CONFIG_MISSING', { name: 'default' })
const refused = accessLogError('KUBERNETES_REFUSED', { what: 'pods', reason: 'forbidden' })

test('the latest error that holds is told, with the time since when', (t) => {
  let time = 'one'
  const errors = new Errors(() => time)
  t.is(errors.last, undefined)
  errors.note('config', missing)
  time = 'two'
  errors.note('pods', refused)
  t.like(errors.last, { code: 'KUBERNETES_REFUSED', time: 'two' })
  time = 'three'
  errors.note('pods', refused)
  t.is(errors.last?.time, 'two')
  errors.note('pods', undefined)
  t.like(errors.last, { code: 'KUBERNETES_CONFIG_MISSING', time: 'one' })
  errors.note('config', undefined)
  t.is(errors.last, undefined)
})
