/** Turns a picture into the input row of a model of pictures. */
import type { Model } from '../contract/model.js'
import { Problem } from '../contract/problems.js'
import type { PictureDecoder } from '../datasets/reading/picture-decoder.js'
import { DatasetError } from '../datasets/table.js'

/**
 * @throws Problem `unsupported-media-type` if the model takes no pictures, or `invalid-input` if the picture is invalid
 */
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
    // Datasets have channels first, pictures have them last.
    return Array.from({ length: area * channels }, (_, index) => {
      const level = pixels[(index % area) * channels + Math.floor(index / area)]
      return white === 255 ? level : (level * white) / 255
    })
  } catch (error) {
    if (error instanceof DatasetError) throw new Problem('invalid-input', error.message)
    throw error
  }
}
