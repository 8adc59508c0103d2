import type { WholeAlarm } from '../console/api/schemas.ts';
import { isolated } from './words.ts';

type Columns = NonNullable<WholeAlarm['client']>;

/** The client of a sensor. */
export function Client({ client }: { client: Columns | null }) {
  if (client === null) return <p class="dim client">No client is known for this sensor.</p>;
  const text = (name: string): string => String(client[name] ?? '');
  const rows: [string, string][] = [
    [
      'Address',
      [text('streetaddress'), `${text('zipcode')} ${text('city')}`.trim(), text('country')].filter(Boolean).map(isolated).join(', '),
    ],
    ['Telephone', text('telephonenumber') && `+${text('telephonecountrycode')} ${text('telephonenumber')}`],
    ['E-mail', text('emailaddress')],
    ['Born', text('birthday')],
    ['National id', text('nationalid')],
    ['Work', [text('occupation'), text('company')].filter(Boolean).map(isolated).join(', ')],
    ['Position', position(client)],
  ];
  return (
    <div class="client">
      <h3>
        {text('title')} {text('name')} {text('surname')}
      </h3>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value || 'not known'}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function position({ latitude, longitude }: Columns): string {
  return typeof latitude === 'number' && typeof longitude === 'number' ? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}` : '';
}
