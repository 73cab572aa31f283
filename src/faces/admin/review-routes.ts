/** The queue of emergency accesses, for the privacy officers of those whose decision was overridden. */
import type { Router } from 'express'
import type { ListBreakGlassReviews } from '../../services/list-break-glass-reviews.ts'
import type { ReviewBreakGlass } from '../../services/review-break-glass.ts'
import { openReviewView } from '../../wire/admin/queue-views.ts'
import { findingSchema, parseRequest, reviewPageSchema } from '../../wire/admin/requests.ts'
import { contextOf, principalOf } from '../request-state.ts'
import { bodyOf } from './read-request.ts'

export interface ReviewDeps {
  readonly listBreakGlassReviews: ListBreakGlassReviews
  readonly reviewBreakGlass: ReviewBreakGlass
}

export function addReviewRoutes(router: Router, services: ReviewDeps): void {
  router.get('/reviews', async (req, res) => {
    const page = parseRequest(reviewPageSchema, req.query)
    const open = await services.listBreakGlassReviews(principalOf(req), page, contextOf(req))
    res.json(open.map(openReviewView))
  })
  router.post('/reviews/:id/review', async (req, res) => {
    const finding = parseRequest(findingSchema, bodyOf(req))
    const { id } = req.params
    await services.reviewBreakGlass(principalOf(req), { grant: id, ...finding }, contextOf(req))
    res.json({ grant: id, ...finding })
  })
}
