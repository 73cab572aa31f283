/** Which actions a member's roles cover, and what kind of question each action asks. */
import type { Action, MemberRole } from './principal.ts'

const ROLE_ACTIONS: Readonly<Record<MemberRole, readonly Action[]>> = {
  clinical: [
    'identify',
    'find',
    'read-report',
    'view-images',
    'read-consent',
    'read-directory',
    'subscribe',
    'export',
  ],
  publisher: [
    'publish',
    'find',
    'read-report',
    'view-images',
    'read-directory',
    'subscribe',
    'export',
  ],
  'consent-recorder': ['identify', 'record-consent', 'read-consent', 'read-directory'],
  'privacy-officer': ['identify', 'record-consent', 'read-consent', 'read-audit', 'read-directory'],
  operator: ['operate', 'read-directory'],
  'identity-clerk': ['identify', 'link-patients', 'read-directory'],
}

/**
 * `clinical`: the whole rule decides object by object. `own`: reaches what the caller's own member is
 * custodian of. `open`: no custodian's material is shown, so that the role and the scope are enough.
 */
export const ACTION_KIND = {
  find: 'clinical',
  'read-report': 'clinical',
  'view-images': 'clinical',
  publish: 'own',
  'record-consent': 'own',
  'read-consent': 'own',
  'read-audit': 'own',
  identify: 'open',
  'read-directory': 'open',
  operate: 'open',
  'link-patients': 'open',
  subscribe: 'own',
  export: 'own',
} as const satisfies Record<Action, 'clinical' | 'own' | 'open'>

export type ClinicalAction = 'find' | 'read-report' | 'view-images'

export function isClinical(action: Action): action is ClinicalAction {
  return ACTION_KIND[action] === 'clinical'
}

export function rolesCover(roles: readonly MemberRole[], action: Action): boolean {
  return roles.some((role) => ROLE_ACTIONS[role].includes(action))
}
