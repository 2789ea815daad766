/** Pictures of the reader as files that the service reads. */

const accepted = ['image/png', 'image/jpeg']

/** @throws Error if the browser cannot read the file as a picture */
export async function toAcceptedPicture(file: File): Promise<File> {
  if (accepted.includes(file.type)) return file
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`This browser cannot read ${file.name} as a picture. Use a PNG or JPEG file.`)
  })
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
  bitmap.close()
  return toFile(canvas, file.name, 'image/png')
}

export function toFile(
  canvas: HTMLCanvasElement,
  name: string,
  type: 'image/png' | 'image/jpeg',
): Promise<File> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob === null) reject(new Error(`The browser cannot encode ${name} as ${type}.`))
        else resolve(new File([blob], name, { type }))
      },
      type,
      0.92,
    )
  })
}

/** The pasted picture, or undefined if the clipboard has none. */
export const pastedPicture = ({ clipboardData }: ClipboardEvent) =>
  [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))
