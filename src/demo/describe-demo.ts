/** What the demo prints when it is up: addresses, people to sign in as, and lines to try. */
import type { DemoAddresses } from './demo-json.ts'
import { PATIENTS, patientOf } from './world-patients.ts'
import { STUDIES } from './world-studies.ts'
import { MEMBERS, SOURCES, USERS } from './world.ts'

export function describeDemo(addresses: DemoAddresses, file: string): readonly string[] {
  const { hub, issuer, archives } = addresses
  const sources = SOURCES.map(
    ({ key, name }) => `    ${name.padEnd(34)} ${archives.get(key) ?? ''}`,
  )
  return [
    '',
    `Samsyn demo, with synthetic people only`,
    `  hub                ${hub}  (FHIR /fhir, DICOMweb /dicom-web)`,
    `  identity provider  ${issuer}`,
    `  archives`,
    ...sources,
    `  written to         ${file}`,
    '',
    '  user          password  name          at',
    ...USERS.map(
      ({ username, password, name, member }) =>
        `  ${username.padEnd(13)} ${password.padEnd(9)} ${name.padEnd(13)} ${memberName(member)}`,
    ),
    '',
    '  patient       name                story',
    ...PATIENTS.map(
      ({ nationalId, givenName, familyName, story }) =>
        `  ${nationalId.padEnd(13)} ${`${givenName} ${familyName}`.padEnd(19)} ${story}`,
    ),
    '',
    ...examples(hub),
  ]
}

function memberName(key: string): string {
  return MEMBERS.find((member) => member.key === key)?.name ?? key
}

/** National ids go in bodies, never in addresses. */
function examples(hub: string): readonly string[] {
  const { nationalId, issuerOid, key } = patientOf('ødegård')
  const study = STUDIES.find(({ patient }) => patient === key)?.uid ?? ''
  return [
    'Try it, in another terminal (with the same SAMSYN_DATA_DIR):',
    `  TOKEN=$(npm run -s samsyn -- token --user olav.vestby --patient ${nationalId})`,
    `  curl -H "Authorization: Bearer $TOKEN" ${hub}/fhir/ImagingStudy/_search \\`,
    `    -d 'patient.identifier=urn:oid:${issuerOid}|${nationalId}'`,
    `  curl -H "Authorization: Bearer $TOKEN" ${hub}/dicom-web/studies/${study}/metadata`,
    `  npm run -s samsyn -- fetch ${study} --out ct --user olav.vestby --patient ${nationalId}`,
    `  npm run -s samsyn -- publish ct --client vestli-ris`,
  ]
}
