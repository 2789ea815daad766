/** The layer with a given type, from the union of layers. */
import type { Layer, LayerType } from '../../contract/network.js'

type Member<L extends Layer, Type extends LayerType> = L extends Layer
  ? Type extends L['type']
    ? L
    : never
  : never

export type LayerOf<Type extends LayerType> = Member<Layer, Type>
