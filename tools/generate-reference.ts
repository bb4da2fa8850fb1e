/** docs/reference: configuration keys and errors, from the tables in the code. */
import { IGNORED_PATHS, KEY_NAMES, keyOf } from '../agent/config/keys.ts'
import { ERRORS, type ErrorCode } from '../agent/errors.ts'

/** Markdown of docs/reference/config.md. */
export function configReference(): string {
  return `<!-- Generated from agent/config/keys.ts by \`npm run generate\`. Do not edit. -->

# Configuration

Every setting is a key of a YAML file (\`--config FILE\`) and a variable of the environment. Where several give a value,
the first of these wins: command line, environment, file, default. The agent reads them once, at start. All problems
are listed at once, each with the place the value came from.

${table(['Key', 'Environment', 'Default', 'Must be', 'Meaning'], KEY_NAMES.map(configRow))}

## Values

- **Sizes**: bytes, or a number with \`KB\`, \`MB\`, \`GB\` or \`Ki\`, \`Mi\`, \`Gi\`. All are powers of 1024, as in Rover. A bare
  \`K\` or \`M\` is refused, because Rover and Kubernetes disagree about it.
- **Durations**: as in Go, for example \`500ms\`, \`5s\`, \`1m30s\`.
- **Booleans**: \`true\`, \`false\`, \`1\`, \`0\`.
- **Lists**: comma separated, or a YAML list. Space around elements is ignored.
- **An empty value is a value**: \`ROVER_ACCESS_LOG_EXCLUDE_NAMESPACES=\` excludes nothing.
- In a file, \`\${NAME:default}\` as a whole value stands for the variable NAME where it is set (also to nothing), else
  for the default.

## A Rover configuration file

is accepted as it is: keys are compared without regard to case, \`analyze_parallels\` is taken for \`parallels\`, and parts
that have no meaning here are reported and ignored:
${IGNORED_PATHS.map((path) => `\`${path}\``).join(', ')}.
Any other unknown key is an error.
`
}

/** Markdown of docs/reference/errors.md. */
export function errorReference(): string {
  return `<!-- Generated from agent/errors.ts by \`npm run generate\`. Do not edit. -->

# Errors

An error is shown as its code and message, one line for each detail, and what to change. The process ends with the exit
code when the error cannot be survived; those of the helper and the backend are otherwise logged, and work goes on.

${table(['Code', 'Message', 'What to change', 'Exit code'], Object.keys(ERRORS).map(errorRow))}
`
}

function configRow(name: (typeof KEY_NAMES)[number]): string[] {
  const { path, environment, fallback, standalone, kind, sentence } = keyOf(name)
  const fallbacks = [
    code(fallback),
    ...(standalone === undefined ? [] : [`${code(standalone)} with --standalone`]),
  ]
  return [
    code(path),
    code(environment),
    fallbacks.filter((text) => text !== '').join('; '),
    kind.allowed,
    sentence,
  ]
}

function errorRow(name: string): string[] {
  const { message, hint, exitCode } = ERRORS[name as ErrorCode]
  return [code(name), message, hint, String(exitCode)]
}

/** The text as code, or nothing for no text. */
export function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}

/** A table of Markdown. */
export function table(headings: readonly string[], rows: readonly string[][]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}
