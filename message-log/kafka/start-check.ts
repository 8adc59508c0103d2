import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { KafkaConfig } from './config.ts';
import { withAdmin } from './connection.ts';
import { checkTopics } from './topic-administration.ts';
import { topicSpecs } from './topics.ts';

/**
 * Compares the topics with what they should be before they are used, and logs what differs. Rejects with PermanentError `topics-unfit` when
 * alarms could be lost, with TransientError when no broker answers; when it can't otherwise be compared, that is logged and no reason not to start.
 */
export async function checkAtStart(config: KafkaConfig, logger: Logger): Promise<void> {
  try {
    const differences = await withAdmin(config, (admin) => checkTopics(admin, topicSpecs(config)));
    for (const { name, text } of differences)
      logger.warn({ topic: name, difference: text }, 'a topic is not as it should be: npm run topics');
  } catch (error) {
    // No broker to ask: none to start with either.
    if (error instanceof PermanentError || error instanceof TransientError) throw error;
    logger.warn({ reason: reasonOf(error) }, 'the topics could not be compared with what they should be');
  }
}
