/** A button below a list of which more can be loaded. */
export function ShowMore({ hasMore, onClick }: { hasMore: boolean; onClick(): void }) {
  if (!hasMore) return null
  return (
    <p class="more">
      <button type="button" onClick={onClick}>
        Show more
      </button>
    </p>
  )
}
