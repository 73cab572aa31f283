/** `samsyn member share`: what one member's images another member's staff may ask for. */
import { Command, Option } from 'commander'
import { CARE_PURPOSES } from '../domain/access/principal.ts'
import { newAgreementSchema, parseRequest } from '../wire/admin/requests.ts'
import { agreementView } from '../wire/admin/views.ts'
import { withAdministration, type AdministrationDeps } from './administration.ts'
import { printJson } from './print.ts'

interface ShareOptions {
  readonly effect: string
  readonly purpose?: readonly string[]
  readonly modality?: readonly string[]
  readonly validFrom?: string
  readonly validUntil?: string
}

export function shareCommand(deps: AdministrationDeps): Command {
  return new Command('share')
    .description('Set what a member shares with another, in place of what was set before')
    .argument('<custodian>', 'member whose images they are, by id or organisation number')
    .argument('<requester>', 'member whose staff ask for them')
    .addOption(
      new Option('--effect <effect>', 'permit: this is all that is shared; deny: all but this is')
        .choices(['permit', 'deny'])
        .makeOptionMandatory(),
    )
    .addOption(new Option('--purpose <code...>', 'these purposes only').choices(CARE_PURPOSES))
    .option('--modality <code...>', 'these modalities only')
    .option('--valid-from <time>', 'from then on, as 2026-01-31T12:00:00+01:00')
    .option('--valid-until <time>', 'and no longer than this')
    .option('--json', 'print JSON, which it always does')
    .action(async (custodian: string, requester: string, options: ShareOptions) => {
      const agreement = await withAdministration(deps, async (hub, operator) => {
        const members = {
          custodian: (await hub.findMember(custodian, operator)).id,
          requester: (await hub.findMember(requester, operator)).id,
        }
        const request = parseRequest(newAgreementSchema, {
          ...members,
          effect: options.effect,
          purposes: options.purpose,
          modalities: options.modality,
          valid_from: options.validFrom,
          valid_until: options.validUntil,
        })
        return hub.setAgreement(request, operator)
      })
      printJson(agreementView(agreement))
    })
}
