/** One demonstration: its formulas, what to change, its live progress, and its figures. */
import { useEffect, useState } from 'preact/hooks'
import { catalogue, type DemonstrationId, demonstrationIds } from '../../../examples/lecture/catalogue.js'
import type { Controls, Settings } from '../../../examples/lecture/demonstration.js'
import type { Plot } from '../../../examples/lecture/plot.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { plural, short } from '../format.js'
import { type Address, writeAddress } from '../lecture/address.js'
import { Figure } from '../lecture/figures/figure.js'
import type { Progress } from '../lecture/laboratory.js'
import { Formula } from '../lecture/mathml.js'
import { type Result, seeds, startRun, stopRun, useRun } from '../lecture/results.js'
import { link } from '../router.js'
import { DemonstrationControls } from './demonstration-controls.js'

export function DemonstrationView({ id, settings: linked, isResult }: Address) {
  const { claim, formula, notice, reference, assertion, title } = catalogue[id]
  const controls: Controls = catalogue[id].controls
  const { progress, result, problem } = useRun(id)
  const [settings, setSettings] = useState<Settings>(isResult ? linked : (result?.settings ?? linked))
  const isCurrent = result !== null && JSON.stringify(result.settings) === JSON.stringify(settings)
  // The stored runs of the same jobs answer at once, with the same bits.
  useEffect(() => {
    if (isResult && !isCurrent && progress === null) void startRun(id, settings, true)
  }, [])
  return (
    <article class="demonstration-page" aria-label={title} aria-busy={progress !== null}>
      <div class="card statement">
        <p class="claim">{claim}</p>
        <div class="formulas">
          {formula.map((text) => (
            <Formula key={text} text={text} />
          ))}
        </div>
        <DemonstrationControls controls={controls} settings={settings} onChange={setSettings} />
        <div class="actions">
          <button
            type="button"
            class="primary"
            disabled={progress !== null}
            onClick={() => void startRun(id, settings, false)}
            aria-label={`${result === null ? 'Run' : 'Run again'}: ${title}`}
          >
            <Icon name="play" /> {progress !== null ? 'Training …' : result === null ? 'Run' : 'Run again'}
          </button>
          {progress === null ? null : (
            <button type="button" onClick={() => stopRun(id)}>
              Stop
            </button>
          )}
          {isCurrent ? <a href={link('lecture', writeAddress(id, settings))}>Link to this result</a> : null}
        </div>
        <ProgressLine progress={progress} />
        <ErrorNotice error={problem} />
        <Verdict result={result} isCurrent={isCurrent} assertion={assertion} />
        <p class="hint">
          <b>Notice:</b> {notice}
        </p>
        <p class="hint">
          <b>Read:</b> <a href={reference.url}>{reference.text}</a>
        </p>
      </div>
      <div class="lecture-figures">
        {result?.plots.map((plot) => (
          <Figure
            key={`${id} ${JSON.stringify(result.settings)} ${'title' in plot ? plot.title : ''}`}
            plot={plot}
            spec={result.spec}
          />
        ))}
        {result === null ? <p class="hint">Run it to see its figures.</p> : null}
      </div>
      <Neighbours id={id} />
    </article>
  )
}

function ProgressLine({ progress }: { progress: Progress | null }) {
  if (progress === null) return null
  const { requested, ended, latest } = progress
  return (
    <div class="progress">
      <progress aria-label="Trainings that have ended" max={Math.max(1, requested)} value={ended} />
      <p class="hint">
        {plural(ended, 'training')} of {requested}
        {latest === null
          ? ''
          : `. ${latest.name.replace('Lecture: ', '')}: epoch ${latest.epoch} of ${latest.epochs}, loss ${short(latest.loss)}`}
      </p>
    </div>
  )
}

const showsSearch = (plot: Plot) => 'title' in plot && plot.title.endsWith('by learning rate')

interface VerdictProps {
  result: Result | null
  isCurrent: boolean
  assertion: string
}

function Verdict({ result, isCurrent, assertion }: VerdictProps) {
  if (result === null) {
    return (
      <p class="hint">
        <b>Asserted:</b> {assertion}
      </p>
    )
  }
  return (
    <div role="status" class={`verdict ${result.holds ? 'good' : 'bad'}`}>
      <p>{result.summary}</p>
      <p>
        {result.holds ? 'Confirmed' : 'Not confirmed'}: {assertion}
      </p>
      {isCurrent ? null : <p>These figures are of other settings. Run it again.</p>}
      {result.plots.some(showsSearch) ? (
        <p class="hint">
          {plural(seeds.length, 'seed')} in each band and each range. A search over a grid chose each learning
          rate, and no best rate is at the edge of its grid.
        </p>
      ) : null}
    </div>
  )
}

function Neighbours({ id }: { id: DemonstrationId }) {
  const index = demonstrationIds.indexOf(id)
  const [before, after] = [demonstrationIds[index - 1], demonstrationIds[index + 1]]
  return (
    <nav class="neighbours" aria-label="Neighbouring demonstrations">
      {before === undefined ? <span /> : <a href={link('lecture', before)}>← {catalogue[before].title}</a>}
      {after === undefined ? <span /> : <a href={link('lecture', after)}>{catalogue[after].title} →</a>}
    </nav>
  )
}
