/** Line icons, 16 × 16. Hidden from screen readers: the text or label beside them names the action. */
const paths = {
  play: 'M5 3.5v9l7.5-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  step: 'M4 3.5v9l6-4.5zM12 3.5v9',
  stop: 'M4.5 4.5h7v7h-7z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
  camera: 'M2 5h2.5L6 3h4l1.5 2H14v8H2zM8 6.5a2.25 2.25 0 100 4.5 2.25 2.25 0 000-4.5z',
  up: 'M8 13V3.5M4 7.5L8 3.5l4 4',
  down: 'M8 3v9.5M4 8.5l4 4 4-4',
  check: 'M3 8.5l3.2 3L13 4.5',
  sun: 'M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.1 1.1M11.9 11.9L13 13M13 3l-1.1 1.1M4.1 11.9L3 13',
  moon: 'M13 9.6A5.6 5.6 0 016.4 3 5.6 5.6 0 108 13.6 5.6 5.6 0 0013 9.6z',
  key: 'M5 5.5a2.75 2.75 0 100 5.5 2.75 2.75 0 000-5.5zM7.75 8.25H14M11.5 8.25v2.5M14 8.25v2.5',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  share: 'M8 10V2.5M5 5.2L8 2.5l3 2.7M4.5 7.5H3v6h10v-6h-1.5',
  upload: 'M8 10.2V2.5M4.5 5.7L8 2.5l3.5 3.2M3 13.5h10',
  download: 'M8 2.5v7.5M4.5 7L8 10.2 11.5 7M3 13.5h10',
  trash: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.6 9h5.8l.6-9',
  reset: 'M3 8a5 5 0 105-5H4.5M7 .8L4.5 3 7 5.2',
  dots: 'M8 3.5v.1M8 8v.1M8 12.5v.1',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
