import { among, clientAddress, networkOf } from '../../runtime/network.ts';
import { clientOf } from '../intake/quota.ts';
import type { SensorRequest } from './sensor-request.ts';

/**
 * Names the client of a request: a gateway, a sensor, or a network if nobody authenticates. `balancers`: addresses and networks of load balancers in front of
 * us, which name their clients in X-Forwarded-For.
 */
export function clientsBehind(balancers: readonly string[]): (request: SensorRequest) => string {
  const isBalancer = among(balancers);
  return ({ sender, socket, headers }) => {
    const forwarded = headers['x-forwarded-for'];
    const names = typeof forwarded === 'string' ? forwarded : undefined;
    return clientOf(sender, networkOf(clientAddress(socket.remoteAddress, names, isBalancer)));
  };
}
