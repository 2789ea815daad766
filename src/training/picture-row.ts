/** A picture as the row of pixels that a model of pictures takes. */
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { PictureDecoder } from '../datasets/reading/picture-decoder.js'
import { DatasetError } from '../datasets/table.js'

/** Throws Problem `unsupported-media-type` of a model that takes no pictures, or `invalid-input` of a picture that is none. */
export async function pictureRow(
  model: Model,
  bytes: Uint8Array,
  pictures: Pick<PictureDecoder, 'decode'>,
): Promise<number[]> {
  const { image, features } = model.coding
  if (image === undefined) {
    const names = features.slice(0, 5).map(({ name }) => name)
    throw new Problem(
      'unsupported-media-type',
      `Model ${model.id} does not accept pictures: send rows as application/json or text/csv, with the columns ${names.join(', ')}${features.length > names.length ? ', …' : ''}.`,
    )
  }
  const { width, height, channels, white } = image
  try {
    const pixels = await pictures.decode(bytes, 'the picture', { width, height, channels })
    const area = width * height
    // Channels first in the dataset, last in a picture.
    return Array.from({ length: area * channels }, (_, place) => {
      const level = pixels[(place % area) * channels + Math.floor(place / area)]
      return white === 255 ? level : (level * white) / 255
    })
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem('invalid-input', error.message)
    throw error
  }
}
