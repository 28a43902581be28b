// SIGHUP: a part of the configuration is taken as it is now.

import type { Component } from '@tcxflow/common/lifecycle.ts';
import type { Logger } from '@tcxflow/common/logger.ts';

/** @param what in words @param take throws when the configuration is not valid: then all stays as it was */
export function createReloadSignal(what: string, take: () => void, log: Logger): Component {
  const onSignal = () => {
    try {
      take();
      log.info(`${what} of the configuration taken`);
    } catch (error) {
      log.error({ err: error }, `the configuration is not taken; the ${what} stay as they were`);
    }
  };
  return {
    name: 'signals',
    start: () => void process.on('SIGHUP', onSignal),
    stop: () => void process.off('SIGHUP', onSignal),
  };
}
