import { type DestinationStream, type Logger, type LoggerOptions, pino, stdSerializers, stdTimeFunctions } from 'pino'
import type { Config } from '../config/config.ts'
import { maskSecrets, maskTokens } from '../web/mask-secrets.ts'

const DEEPEST = 8

/** Creates the log. It masks all tokens. In errors, it masks everything that may be a secret of a request. */
export function createLog({ logLevel }: Pick<Config, 'logLevel'>, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'password',
        '*.password',
        '*.headers.cookie',
        '*.headers.authorization',
        '*.headers["set-cookie"]',
        '*.headers["Set-Cookie"]',
        'err.body',
      ],
      censor: '***',
    },
    formatters: {
      log: ({ err, ...facts }) => ({
        ...Object(maskAll(facts, maskTokens)),
        ...(err !== undefined && { err: shown(err) }),
      }),
    },
  }
  return pino(options, destination)
}

/** The properties of an error may contain input, such as the arguments of a failed query. */
function shown(error: unknown): unknown {
  return maskAll(error instanceof Error ? stdSerializers.err(error) : error, maskSecrets)
}

function maskAll(value: unknown, mask: (text: string) => string, depth = DEEPEST): unknown {
  if (typeof value === 'string') return mask(value)
  if (typeof value !== 'object' || value === null) return value
  // Node adds the bytes of a malformed request to its error.
  if (depth === 0 || ArrayBuffer.isView(value)) return '***'
  if (Array.isArray(value)) return value.map((item) => maskAll(item, mask, depth - 1))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [mask(name), maskAll(item, mask, depth - 1)]))
}
