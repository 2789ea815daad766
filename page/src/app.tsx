/** The header of the page, and the view for the current route. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { currentKey, isParticipant, onKeyChange, setKey } from './api/key.js'
import { Heading } from './components/heading.js'
import { Icon } from './components/icon.js'
import { ThemeButton } from './components/theme-button.js'
import { lazyView } from './lazy-view.js'
import { link, type Route, useRoute } from './router.js'
import { useWorkshopLinks } from './use-workshop-links.js'
import { CompareView } from './views/compare.js'
import { JoinView } from './views/join.js'
import { ModelView } from './views/model.js'
import { ModelsView } from './views/models.js'
import { NewJobView } from './views/new-job.js'
import { RegisteredNameView } from './views/registered-name.js'
import { RegistryView } from './views/registry.js'
import { RunView } from './views/run.js'
import { RunsView } from './views/runs.js'
import { SharedRunView } from './views/shared-run.js'
import { SweepsView } from './views/sweeps.js'
import { startingSpec, TakeSpecView, TakeStartingSpecView } from './views/take-spec.js'
import { WorkshopView } from './views/workshop.js'
import { WorkshopsView } from './views/workshops.js'

/** These views are large, or rarely opened. */
const AdminView = lazyView(() => import('./views/admin.js').then(({ AdminView }) => AdminView))
const CameraTrainingView = lazyView(() =>
  import('./views/camera.js').then(({ CameraTrainingView }) => CameraTrainingView),
)
const LectureView = lazyView(() => import('./views/lecture.js').then(({ LectureView }) => LectureView))
const PlaygroundView = lazyView(() =>
  import('./views/playground.js').then(({ PlaygroundView }) => PlaygroundView),
)
const WorkshopControlView = lazyView(() =>
  import('./views/workshop-control.js').then(({ WorkshopControlView }) => WorkshopControlView),
)
const NewSweepView = lazyView(() => import('./views/new-sweep.js').then(({ NewSweepView }) => NewSweepView))
const SweepView = lazyView(() => import('./views/sweep.js').then(({ SweepView }) => SweepView))

const navigation = [
  ['runs', 'Runs'],
  ['sweeps', 'Sweeps'],
  ['playground', 'Playground'],
  ['lecture', 'Lecture'],
  ['models', 'Models'],
] as const

/** The registry is reached from the models, and the form of a new sweep from the sweeps. */
const belongsTo = (view: Route['view'], target: string) =>
  (view === 'registry' && target === 'models') || (view === 'new-sweep' && target === 'sweeps')

export function App() {
  const route = useRoute()
  return route.view === 'shared' ? <SharedRunView token={route.argument} /> : <AppOfKey {...route} />
}

function AppOfKey({ view, argument }: Route) {
  const [keyVersion, setKeyVersion] = useState(0)
  const main = useRef<HTMLElement>(null)
  const workshopLinks = useWorkshopLinks(keyVersion)
  // First for a participant, whose phone shows the first links only.
  const links = isParticipant() ? [...workshopLinks, ...navigation] : [...navigation, ...workshopLinks]
  // Another key may see other data, so every view is mounted again.
  useEffect(() => onKeyChange(() => setKeyVersion((count) => count + 1)), [])
  useEffect(() => {
    scrollTo(0, 0)
    // A screen reader continues at the heading after a change of view.
    main.current?.querySelector('h1')?.focus()
  }, [view, argument])

  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="bar">
        <a class="brand" href={link('runs')} aria-label="Descent: all runs">
          <img src="/icon.svg" alt="" width={28} height={28} />
          <span>Descent</span>
        </a>
        <nav aria-label="Views">
          {links.map(([target, name]) => (
            <a
              key={target}
              href={link(target)}
              aria-current={view === target ? 'page' : belongsTo(view, target) ? 'true' : undefined}
            >
              {name}
            </a>
          ))}
        </nav>
        <div class="tools">
          <a class="button primary" href={link('new')} aria-label="New job">
            <Icon name="plus" />
            <span>New job</span>
          </a>
          <KeyButton />
          <ThemeButton />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1} key={keyVersion}>
        <View key={`${view}/${argument}`} view={view} argument={argument} />
      </main>
    </>
  )
}

function View({ view, argument }: Route) {
  switch (view) {
    case 'shared':
      return null
    case 'runs':
      return argument === '' ? <RunsView /> : <RunView id={argument} />
    case 'compare':
      return <CompareView ids={argument.split(',').filter(Boolean)} />
    case 'sweeps':
      return argument === '' ? <SweepsView /> : <SweepView id={argument} />
    case 'new-sweep':
      return <NewSweepView job={argument} />
    case 'playground':
      return <PlaygroundView argument={argument} />
    case 'lecture':
      return <LectureView argument={argument} />
    case 'new':
      if (argument === startingSpec) return <TakeStartingSpecView />
      return argument.startsWith('job_') ? <TakeSpecView job={argument} /> : <NewJobView dataset={argument} />
    case 'camera':
      return <CameraTrainingView />
    case 'models':
      return argument === '' ? <ModelsView /> : <ModelView id={argument} />
    case 'registry':
      return argument === '' ? <RegistryView /> : <RegisteredNameView name={argument} />
    case 'admin':
      return <AdminView argument={argument} />
    case 'join':
      return <JoinView code={argument} />
    case 'workshop':
      return <WorkshopView />
    case 'workshops':
      return argument === '' ? <WorkshopsView /> : <WorkshopControlView id={argument} />
    case undefined:
      return (
        <div class="empty">
          <Heading>Page not found</Heading>
          <p>
            No view has this address. <a href={link('runs')}>All runs</a>
          </p>
        </div>
      )
    default:
      return view satisfies never
  }
}

/** The key is kept until the tab closes. */
function KeyButton() {
  const dialog = useRef<HTMLDialogElement>(null)
  const [text, setText] = useState('')
  return (
    <>
      <button
        type="button"
        class={`icon ${currentKey() === undefined ? '' : 'active'}`}
        aria-label={currentKey() === undefined ? 'Enter an API key' : 'Change the API key'}
        onClick={() => dialog.current?.showModal()}
      >
        <Icon name="key" />
      </button>
      <dialog ref={dialog} aria-labelledby="key-title">
        <form
          method="dialog"
          onSubmit={() => {
            setKey(text.trim())
            setText('')
          }}
        >
          <h2 id="key-title">API key</h2>
          <p>Some services require an API key. This tab keeps it until it closes.</p>
          <p>
            Operators manage tenants and keys in the{' '}
            <a href={link('admin')} onClick={() => dialog.current?.close()}>
              administration
            </a>
            .
          </p>
          <div class="field">
            <label for="key">Key</label>
            <input
              id="key"
              type="password"
              value={text}
              autocomplete="off"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </div>
          <div class="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
            <button type="submit" class="primary">
              {text.trim() === '' && currentKey() !== undefined ? 'Forget key' : 'Use key'}
            </button>
          </div>
        </form>
      </dialog>
    </>
  )
}
