import type { Usage, UsageDays } from '../../contract/usage.js'
import type { ListPage, Page } from './pages.js'

export interface UsageFilter extends UsageDays {
  tenantId: string | undefined
  /** One item a tenant with the sums of all days, instead of one a day. */
  isTotal: boolean
}

export interface UsageStore {
  /** By tenant and day. @throws Problem `invalid-request` for a cursor of another list */
  list(filter: UsageFilter, page: ListPage): Promise<Page<Usage>>
}
