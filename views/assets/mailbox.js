// Adds new mail at the top while the page is visible. The requests of this script do not extend the idle timeout.
import { isShown, whileShown } from './page-stream.js'

const LOOK_MILLISECONDS = 3000
const MOST_MILLISECONDS = 60_000
const list = document.getElementById('mails')
const note = document.getElementById('mail-state')
let timer
let pause = LOOK_MILLISECONDS

async function look() {
  const isDone = await update().catch(() => false)
  pause = isDone ? LOOK_MILLISECONDS : Math.min(pause * 2, MOST_MILLISECONDS)
  setNote(isDone ? 'New mail appears automatically.' : 'The last update failed. It is tried again.')
  if (timer !== undefined && isShown()) timer = setTimeout(look, pause)
}

async function update() {
  const answer = await fetch('/dev/mailbox?refresh')
  if (!answer.ok) return false
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const mails = [...page.querySelectorAll('#mails > .mail')]
  const added = mails.filter(({ id }) => document.getElementById(id) === null)
  if (added.length > 0) document.getElementById('no-mail')?.remove()
  list.prepend(...added.map((mail) => document.adoptNode(mail)))
  return true
}

function setNote(text) {
  if (note.textContent !== text) note.textContent = text
}

function start() {
  timer ??= setTimeout(look, LOOK_MILLISECONDS)
}

function stop() {
  clearTimeout(timer)
  timer = undefined
}

whileShown(start, stop)
