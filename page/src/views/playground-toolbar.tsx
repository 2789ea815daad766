/** The buttons of the playground: train, one step, reset, and a link to the settings. */
import { useRef, useState } from 'preact/hooks'
import { copyFrom } from '../components/code.js'
import { Icon } from '../components/icon.js'
import { writeAddress } from '../playground/address.js'
import type { Playground } from '../playground/use-playground.js'

export function Toolbar({ playground }: { playground: Playground }) {
  const { settings, isStarting, hasTrained, run, time } = playground
  const isMissing = playground.rows.inputs.length === 2 && playground.rows.classes < 2
  const isAtEnd = hasTrained && !playground.isActive && time.epoch >= time.last
  return (
    <div class="card toolbar">
      <button
        type="button"
        class="primary large"
        disabled={isStarting || isMissing}
        onClick={() => void playground.train()}
      >
        <Icon name="play" /> {hasTrained ? 'Train again' : 'Train'}
      </button>
      <button type="button" disabled={isStarting || isMissing || isAtEnd} onClick={playground.step}>
        <Icon name="step" /> Step
      </button>
      {run.job?.status === 'running' || run.job?.status === 'queued' ? (
        <button type="button" onClick={() => playground.control('pause')}>
          <Icon name="pause" /> Pause
        </button>
      ) : null}
      {run.job?.status === 'paused' ? (
        <button type="button" onClick={() => playground.control('resume')}>
          <Icon name="play" /> Resume
        </button>
      ) : null}
      {playground.isActive ? (
        <button type="button" onClick={() => playground.control('cancel')}>
          <Icon name="stop" /> Stop
        </button>
      ) : null}
      <button type="button" disabled={!hasTrained} onClick={playground.reset}>
        <Icon name="reset" /> Reset
      </button>
      {isMissing ? (
        <p class="hint">
          {settings.shape === 'file' ? 'Choose a file first.' : 'Add points of both classes first.'}
        </p>
      ) : null}
      <CopyLink address={writeAddress(playground)} />
    </div>
  )
}

function CopyLink({ address }: { address: string }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  const text = `${location.origin}${location.pathname}#/playground/${address}`
  const copy = async () => {
    const isCopied = field.current !== null && (await copyFrom(field.current))
    setState(isCopied ? 'copied' : 'refused')
    setTimeout(() => setState('idle'), 2_000)
  }
  return (
    <div class="copy-link">
      <textarea ref={field} readOnly tabIndex={-1} aria-hidden="true" value={text} />
      <button type="button" onClick={() => void copy()}>
        <Icon name={state === 'copied' ? 'check' : 'copy'} /> Copy link
      </button>
      <span class="visually-hidden" role="status">
        {state === 'copied'
          ? 'Copied'
          : state === 'refused'
            ? 'Not copied: copy the address of the page'
            : ''}
      </span>
    </div>
  )
}
