import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A failed step of the gate. The message is printed at the end of the output. */
export class GateError extends Error {}

/** Prints the name of the next step, and the time since the start. */
export function headline(text) {
  const seconds = Math.round(process.uptime())
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  console.log(`\n── ${text} ${'─'.repeat(Math.max(0, 70 - text.length))} ${time}`)
}

export async function run(program, args, complaint, env = process.env) {
  const code = await exitCode(program, args, env)
  if (code !== 0) throw new GateError(complaint)
}

/** Runs a program in the project's root, with its output on this terminal. Returns the exit code. */
export function exitCode(program, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

/** The current environment without the settings of this project. */
export function testEnvironment() {
  const env = { ...process.env, NODE_ENV: 'test' }
  for (const name of Object.keys(env)) if (SETTINGS.test(name)) delete env[name]
  return env
}

const SETTINGS =
  /^(PORT|HOST|PUBLIC_URL|APP_NAME|DATABASE_URL|PROFILE|GUESTS|LOGIN_TEXT|TRUST_PROXY|BCRYPT_COST|LOG_LEVEL|AUDIT_DAYS|METRICS_TOKEN|KEEP_ALIVE_SECONDS|CORS_ORIGINS|LINK_MODE|SMTP_URL|MAIL_FROM|WEB_CONCURRENCY|PLATFORM_.*|(TLS|MAX|SESSION)_.*|SESSIONS|NODE_OPTIONS|NODE_TEST_CONTEXT)$/
