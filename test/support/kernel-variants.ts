/** The kinds of kernels the addon has on this processor; those that it lacks are named aloud. */
import { loadAddon, type Variant, whyUnavailable } from '../../src/engine/kernels/native/addon.js'

const variants: readonly Variant[] = ['avx512', 'avx2', 'neon']
const reason = whyUnavailable()

export const runnableVariants = variants.filter(
  (variant) => reason === null && loadAddon().addon.variant(variant) === variant,
)
for (const variant of variants) {
  if (!runnableVariants.includes(variant))
    console.warn(`The kernels for ${variant} are not tested: ${reason ?? 'this processor has none'}`)
}
