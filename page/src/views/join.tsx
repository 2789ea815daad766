/** Joins a workshop by its code and a nickname. The page then uses the key that the service returns. */
import { useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { currentKey, isParticipant, setKey } from '../api/key.js'
import { type Problem, toProblem } from '../api/problem.js'
import { TextField } from '../components/field.js'
import { Heading } from '../components/heading.js'
import { ErrorNotice } from '../components/notice.js'
import { go, link } from '../router.js'

const codeLength = 6

/** Letters only, as in codes that the service draws. */
const toCode = (text: string) =>
  text
    .replaceAll(/[^a-z]/gi, '')
    .toUpperCase()
    .slice(0, codeLength)

export function JoinView({ code: initial }: { code: string }) {
  const [code, setCode] = useState(toCode(initial))
  const [nickname, setNickname] = useState('')
  const [problem, setProblem] = useState<Problem | null>(null)
  const [isSending, setSending] = useState(false)
  const missing = missingText(code, nickname)
  const join = async (event: Event) => {
    event.preventDefault()
    if (missing !== null) return
    setSending(true)
    try {
      const { key } = await client.request('POST /workshop/join', { body: { code, nickname } })
      go('workshop')
      setKey(key, true)
    } catch (error) {
      setProblem(toProblem(error))
      setSending(false)
    }
  }
  const errors = fieldErrors(problem)
  return (
    <section class="join">
      <Heading>Join a workshop</Heading>
      <form class="card" onSubmit={join} noValidate>
        <div class="code-field">
          <TextField
            label="Code"
            value={code}
            placeholder="ABCDEF"
            hint="Six letters, which the teacher shows."
            error={errors.code}
            onChange={(text) => {
              setCode(toCode(text))
              setProblem(null)
            }}
          />
        </div>
        <TextField
          label="Nickname"
          value={nickname}
          hint="Everybody in the workshop sees it."
          error={errors.nickname}
          onChange={(text) => {
            setNickname(text)
            setProblem(null)
          }}
        />
        {errors.code === undefined && errors.nickname === undefined ? <ErrorNotice error={problem} /> : null}
        <ReplacedKey />
        <div class="actions">
          <button type="submit" class="primary large" disabled={isSending || missing !== null}>
            {isSending ? 'Joining …' : 'Join'}
          </button>
          {missing === null ? null : <span class="hint">{missing}</span>}
        </div>
      </form>
    </section>
  )
}

function ReplacedKey() {
  if (currentKey() === undefined) return null
  return isParticipant() ? (
    <p class="notice warn">
      This tab has joined <a href={link('workshop')}>a workshop</a>. If you join again, it leaves that one and
      its runs.
    </p>
  ) : (
    <p class="notice warn">This tab has a key. If you join, it uses the key of the workshop instead.</p>
  )
}

function missingText(code: string, nickname: string): string | null {
  if (code.length < codeLength) return `Enter the ${codeLength} letters of the code.`
  return nickname.trim() === '' ? 'Enter a nickname.' : null
}

/** The field that shows a refusal. Other refusals concern neither field. */
function fieldErrors(problem: Problem | null): { code?: string; nickname?: string } {
  if (problem === null) return {}
  const messageAt = (field: string) =>
    problem.errors.find(({ pointer }) => pointer.startsWith(field))?.message
  const code = problem.code === 'not-found' ? problem.message : messageAt('/code')
  const nickname = problem.code === 'nickname-taken' ? problem.message : messageAt('/nickname')
  return { ...(code === undefined ? {} : { code }), ...(nickname === undefined ? {} : { nickname }) }
}
