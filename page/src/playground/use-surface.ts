/** The loss surface of a run, computed in a worker of the browser. */
import { useEffect, useState } from 'preact/hooks'
import type { Surface, SurfaceRequest } from './surface.js'

/** @param request null for no surface. An equal request must be the same object */
export function useSurface(request: SurfaceRequest | null): { surface: Surface | null; isFailed: boolean } {
  const [found, setFound] = useState<{ request: SurfaceRequest; surface: Surface | null } | null>(null)
  useEffect(() => {
    if (request === null) return
    const worker = new Worker(new URL('./surface.worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', ({ data }: MessageEvent<Surface>) =>
      setFound({ request, surface: data }),
    )
    worker.addEventListener('error', () => setFound({ request, surface: null }))
    worker.postMessage(request)
    return () => worker.terminate()
  }, [request])
  const current = found?.request === request ? found : null
  return { surface: current?.surface ?? null, isFailed: current !== null && current.surface === null }
}
