import { Registry } from 'prom-client';
import { type KafkaConfig, kafkaSettings } from '../../kafka/config.ts';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import { createLogger } from '../../runtime/logging.ts';
import { SETTING_NAMES } from '../../main/settings.ts';

/** The log as a proxy opens it, by TOCSIN_KAFKA_* in the environment. */
export async function openLog(environment: NodeJS.ProcessEnv): Promise<MessageLog> {
  const kafka = readSettings(kafkaSettings, environment, SETTING_NAMES);
  const logger = await createLogger({ level: 'error', format: 'json' });
  return await openKafkaLog(kafka as KafkaConfig, { clock: systemClock, logger, registry: new Registry(), health: new Health() });
}
