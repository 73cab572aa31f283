/** An attest that passes every check, and the person it is of; synthetic numbers only. */
import type { Attest } from '../../src/domain/access/attest.ts'
import type { AuthenticatedPerson } from '../../src/domain/access/person.ts'
import { minutes, UNIT } from './access-worlds.ts'

const OID = 'urn:oid:2.16.578.1.12.4.1.4'

export function person(over: Partial<AuthenticatedPerson> = {}): AuthenticatedPerson {
  return {
    issuer: 'https://issuer.example',
    identifier: { system: `${OID}.1`, value: '17858550084' },
    name: 'Kari Lege',
    hprNumber: '9144900',
    assurance: 'high',
    orgnrParent: '993467049',
    ...over,
  }
}

export function attest(over: Partial<Attest> = {}): Attest {
  return {
    toa: minutes(-5),
    practitioner: { system: `${OID}.1`, value: '17858550084' },
    practitionerName: 'Kari Lege',
    hprNumber: '9144900',
    category: 'LE',
    legalEntity: '993467049',
    pointOfCare: UNIT,
    purpose: 'TREAT',
    healthcareService: 'S03',
    decisionRef: 'ref-1',
    userSelected: false,
    patient: { system: `${OID}.2`, value: '57858550078' },
    ...over,
  }
}
