/** A bar for a fraction from 0 to 1. Hidden from screen readers: the number is shown beside it. */
export function Meter({ share }: { share: number }) {
  return <span class="meter" aria-hidden="true" style={{ '--share': share }} />
}
