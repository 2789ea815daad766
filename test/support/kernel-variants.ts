/** The kinds of kernels that this processor runs; those that it lacks are named aloud. `npm test` builds all. */
import { loadAddon } from '../../src/engine/kernels/native/addon.js'
import { variants } from '../../src/engine/kernels/native/addon-files.js'

export const runnableVariants = variants.filter((variant) => {
  try {
    return loadAddon(variant).variant === variant
  } catch (error) {
    console.warn(
      `The kernels for ${variant} are not tested: ${error instanceof Error ? error.message : error}`,
    )
    return false
  }
})
