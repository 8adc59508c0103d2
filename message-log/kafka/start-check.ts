import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { withAdmin } from '../../kafka/connection.ts';
import { checkTopics } from './topic-administration.ts';
import { topicSpecs } from './topics.ts';

/**
 * Compares the topics with what they should be before they are used, and logs what differs. Rejects with PermanentError `topics-unfit` if
 * alarms could be lost, and with TransientError if no broker answers. Any other failure to compare them is logged and doesn't prevent the start.
 */
export async function checkAtStart(config: KafkaConfig, logger: Logger): Promise<void> {
  try {
    const differences = await withAdmin(config, (admin) => checkTopics(admin, topicSpecs(config)));
    for (const { name, text } of differences)
      logger.warn({ topic: name, difference: text }, 'a topic is not set up as it should be: see npm run topics');
  } catch (error) {
    // Without a broker the start would fail anyway.
    if (error instanceof PermanentError || error instanceof TransientError) throw error;
    logger.warn({ reason: reasonOf(error) }, 'the topics could not be compared with what they should be');
  }
}
