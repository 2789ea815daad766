/** Computes a loss surface apart from the thread that draws the page. */
import { computeSurface, type SurfaceRequest } from './surface.js'

addEventListener('message', ({ data }: MessageEvent<SurfaceRequest>) => {
  postMessage(computeSurface(data))
})
