/** Makes, shows and revokes the share links of a run. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { client } from '../api/client.js'
import { type Problem, toProblem } from '../api/problem.js'
import type { NewShareLink, ShareLink } from '../api/types.js'
import { Code } from '../components/code.js'
import { ConfirmButton } from '../components/confirm-button.js'
import { Icon } from '../components/icon.js'
import { ErrorNotice } from '../components/notice.js'
import { useQuery } from '../components/use-query.js'

export function ShareButton({ job }: { job: string }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
  }, [isOpen])
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        <Icon name="share" /> Share
      </button>
      <dialog ref={dialog} class="share" aria-labelledby="share-title" onClose={() => setOpen(false)}>
        {isOpen ? <ShareForm job={job} onClose={() => dialog.current?.close()} /> : null}
      </dialog>
    </>
  )
}

function ShareForm({ job, onClose }: { job: string; onClose(): void }) {
  const links = useQuery(job, (client) => client.request('GET /jobs/{id}/share-links', { path: { id: job } }))
  const [made, setMade] = useState<NewShareLink | null>(null)
  const [problem, setProblem] = useState<Problem | null>(null)
  const change = (sent: Promise<NewShareLink | null>) =>
    sent.then(
      (link) => {
        setMade(link)
        setProblem(null)
        links.refetch()
      },
      (error) => setProblem(toProblem(error)),
    )
  const make = () => change(client.request('POST /jobs/{id}/share-links', { path: { id: job } }))
  const revoke = ({ id }: ShareLink) =>
    change(
      client
        .request('DELETE /jobs/{id}/share-links/{link}', { path: { id: job, link: id } })
        .then(() => (made?.id === id ? null : made)),
    )
  return (
    <div class="share-form">
      <h2 id="share-title">Share this run</h2>
      <p>
        Anybody who has a link sees this run without a key: its name, notes, spec, curves, result and
        boundary. A link works until you revoke it or delete the run.
      </p>
      <ErrorNotice error={problem ?? links.error} />
      {made === null ? null : <MadeLink link={made} />}
      <LinkList links={links.latest?.data ?? []} onRevoke={(link) => void revoke(link)} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
        <button type="button" class="primary" onClick={() => void make()}>
          Make a link
        </button>
      </div>
    </div>
  )
}

const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)

function MadeLink({ link: { page } }: { link: NewShareLink }) {
  return (
    <>
      <Code text={`${location.origin}${page}`} label="Share link" />
      <p class="hint">Copy the link now: it is not shown again.</p>
      {isLocal ? (
        <p class="notice warn">
          This address works on this machine only. Open the page by the address that others use, and make the
          link there.
        </p>
      ) : null}
    </>
  )
}

function LinkList(props: { links: readonly ShareLink[]; onRevoke(link: ShareLink): void }) {
  const { links, onRevoke } = props
  if (links.length === 0) return <p class="hint">This run has no links.</p>
  return (
    <ul class="share-links" aria-label="Links of this run">
      {links.map((link) => (
        <li key={link.id}>
          <span>Made {new Date(link.createdAt).toLocaleString()}</span>
          <ConfirmButton
            icon="trash"
            label="Revoke"
            question="Revoke for everybody?"
            onConfirm={() => onRevoke(link)}
          />
        </li>
      ))}
    </ul>
  )
}
