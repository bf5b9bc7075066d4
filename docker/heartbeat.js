/** The health check of the image: exit code 0 when /heartbeat is answered on the port and address that the environment names. */
import { get } from 'node:https';

const { PAMHOOK_BIND_PORT: port = '8080', PAMHOOK_BIND_ADDRESS: address } = process.env;
const host = address && address !== '0.0.0.0' && address !== '::' ? address : 'localhost';
// Whether it lives is asked, not who it is; and nothing secret is sent.
const request = get({ host, port, path: '/heartbeat', rejectUnauthorized: false, timeout: 4_000 }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
request.on('timeout', () => request.destroy(new Error('no answer within 4 s')));
request.on('error', ({ message }) => {
  console.error(message);
  process.exit(1);
});
