/** Views whose script is loaded when they are first opened. */
import type { ComponentType } from 'preact'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'

type Load<Props> = () => Promise<ComponentType<Props>>

/** A view that `load` imports. Shows a note if the script cannot be loaded, for example after an update of the service. */
export function lazyView<Props extends object>(load: Load<Props>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null
  return function LazyView(props: Props) {
    const [isLate] = useState(loaded === null)
    const [state, setState] = useState<'loading' | 'loaded' | 'failed'>(isLate ? 'loading' : 'loaded')
    useEffect(() => {
      if (loaded !== null) return
      load().then(
        (view) => {
          loaded = view
          setState('loaded')
        },
        () => setState('failed'),
      )
    }, [])
    // The view had no heading yet when the address changed.
    useLayoutEffect(() => {
      if (isLate && state === 'loaded') document.querySelector<HTMLElement>('main h1')?.focus()
    }, [state])
    if (state === 'failed') return <FailedView />
    const View = loaded
    return View === null ? <p class="hint">Loading …</p> : <View {...props} />
  }
}

function FailedView() {
  return (
    <div class="empty">
      <h1 tabIndex={-1}>This view could not be loaded</h1>
      <p>The service may have been updated, or does not respond.</p>
      <p>
        <button type="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </p>
    </div>
  )
}
