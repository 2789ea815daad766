/** The registered names of models, each with its versions and aliases. */
import { useState } from 'preact/hooks'
import { Heading } from '../components/heading.js'
import { Empty, ErrorNotice } from '../components/notice.js'
import { ShowMore } from '../components/show-more.js'
import { TableCard } from '../components/table-card.js'
import { readPages, useQuery } from '../components/use-query.js'
import { ago, plural } from '../format.js'
import { link } from '../router.js'

const pageSize = 50

export function RegistryView() {
  const [limit, setLimit] = useState(pageSize)
  const list = useQuery(String(limit), (client) =>
    readPages((after) => client.request('GET /registry', { query: { limit: pageSize, after } }), limit),
  )
  const names = list.latest?.data ?? []
  return (
    <section>
      <div class="heading">
        <Heading>Registry</Heading>
        <a href={link('models')}>All models</a>
      </div>
      <ErrorNotice error={list.error} />
      {list.value !== null && names.length === 0 ? (
        <Empty title="No names yet">
          A name is the address of the models that follow each other. Open a{' '}
          <a href={link('models')}>model</a> and register it.
        </Empty>
      ) : null}
      {names.length === 0 ? null : (
        <TableCard heads={['Name', 'Versions', 'Aliases', 'Created']}>
          {names.map(({ name, lastVersion, aliases, createdAt }) => (
            <tr key={name}>
              <td class="name">
                <a href={link('registry', name)}>{name}</a>
              </td>
              <td>{plural(lastVersion, 'version')}</td>
              <td>
                {aliases.length === 0
                  ? '–'
                  : aliases.map(({ alias, version, modelId }) => (
                      <a key={alias} class="alias" href={link('models', modelId)}>
                        {alias} → {version}
                      </a>
                    ))}
              </td>
              <td class="when">{ago(createdAt)}</td>
            </tr>
          ))}
        </TableCard>
      )}
      <ShowMore hasMore={list.latest?.hasMore ?? false} onClick={() => setLimit(limit + pageSize)} />
    </section>
  )
}
