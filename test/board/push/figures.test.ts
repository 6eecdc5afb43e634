import { equal } from 'uvu/assert';
import { parseFigures, readFigures } from '../../../src/board/push/figures.ts';
import { suite } from '../../helper.ts';
import { answer } from './http-lab.ts';

// As 1.79.5 prints them.
const TEXT = `
process_start_time_seconds 1795347300
process_resident_memory_bytes 17195008
vm_app_version{version="vmagent-20220101-v1.79.5", short_version="v1.79.5"} 1
vm_persistentqueue_blocks_dropped_total{path="q/1_E9"} 1
vm_persistentqueue_blocks_written_total{path="q/1_E9"} 4
vm_persistentqueue_bytes_written_total{path="q/1_E9"} 49997
vmagent_remotewrite_bytes_sent_total{url="1:secret-url"} 34618
vmagent_remotewrite_packets_dropped_total{url="1:secret-url"} 3
vmagent_remotewrite_pending_data_bytes{path="q/1_E9", url="1:secret-url"} 50029
vmagent_remotewrite_requests_total{url="1:secret-url", status_code="2XX"} 7
vmagent_remotewrite_requests_total{url="1:secret-url", status_code="400"} 4
vmagent_remotewrite_requests_total{url="1:secret-url", status_code="401"} 5
vmagent_remotewrite_requests_total{url="1:secret-url", status_code="503"} 6
`;

suite('push-figures', ({ test }) => {
  test('what vmagent says of its queue is read', () => {
    equal(parseFigures(TEXT), {
      startedS: 1795347300,
      version: 'v1.79.5',
      residentBytes: 17195008,
      pendingBytes: 50029,
      writtenBytes: 50029,
      sentBytes: 34618,
      accepted: 7,
      rejected: 4,
      unauthorized: 5,
      droppedBlocks: 4,
    });
  });

  test('another program on that port is not taken for it', () => {
    equal(parseFigures('process_start_time_seconds 1\n'), null);
    equal(parseFigures('<html>'), null);
  });

  test('numbers that are none count for nothing', () => {
    const text = 'vmagent_remotewrite_pending_data_bytes{} NaN\n';
    equal(parseFigures(text), null);
    equal(parseFigures(`${text}vmagent_remotewrite_pending_data_bytes{} 5\n`)?.pendingBytes, 5);
  });

  test('who does not answer has no figures', async () => {
    const server = await answer(() => ({ status: 200, text: TEXT }));
    equal((await readFigures(server.port, { metrics: 'key' }))?.accepted, 7);
    equal(server.asked[0]?.url, '/metrics?authKey=key');
    await server.close();
    equal(await readFigures(server.port, { metrics: 'key' }), null);
  });
});
