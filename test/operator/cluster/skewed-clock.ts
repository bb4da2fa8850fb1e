/** Imported before a program: its clock of the day is CLOCK_OFFSET_MS ahead. Clocks that never go back are as they were. */
const offsetMs = Number(process.env['CLOCK_OFFSET_MS'])
const TrueDate = Date

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args: [], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [TrueDate.now() + offsetMs] : args, newTarget) as Date,
  get: (target, name) =>
    name === 'now' ? () => TrueDate.now() + offsetMs : (Reflect.get(target, name) as unknown),
})
