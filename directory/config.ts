import { z } from 'zod';
import { type ConfigOf, integer, setting } from '../runtime/configuration.ts';

/** What is done with statuses of sensors that no client has. Read by the proxy and the processor. */
export const unknownSensorSettings = {
  unknownSensors: setting(
    'TOCSIN_UNKNOWN_SENSORS',
    z.enum(['auto', 'accept', 'quarantine', 'refuse'], 'must be auto, accept, quarantine or refuse'),
    'auto',
    'What is done about sensors that no client has. accept: the same as about all others. quarantine: their alarms are marked, bounded in number, and mailed after all others. refuse: the proxy answers 403. auto: accept if only this machine reaches Tocsin, otherwise quarantine where the clients can be read.',
  ),
  clientsLeast: setting(
    'TOCSIN_CLIENTS_LEAST',
    integer(1, 2_147_483_647),
    '1',
    'While the directory lists fewer clients than this, every sensor counts as known. Set it near the number of your clients, so that half an import refuses nobody.',
  ),
};

export type UnknownSensorConfig = ConfigOf<typeof unknownSensorSettings>;
