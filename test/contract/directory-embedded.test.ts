import { openEmbeddedDirectory } from '../../directory/embedded.ts';
import { openTemporaryStore } from '../support/temporary-store.ts';
import { directoryContract } from './directory.ts';

directoryContract('embedded', async () => {
  const { store, close } = await openTemporaryStore();
  const directory = openEmbeddedDirectory(store);
  return { directory, close: async () => directory.close().then(close) };
});
