/** Ends at once if anything provisioned does not parse, or names a variable that is not set. */
const { readdirSync, readFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { join } = require('node:path');
const { parse } = require('yaml');

const { GF_PATHS_PROVISIONING: folder = '', GF_SECURITY_ADMIN_PASSWORD__FILE: passwordFile = '' } = process.env;
if (readFileSync(passwordFile, 'utf8').trim().length < 8) throw new Error('no password of the administrator');

const filled = (text) =>
  text.replace(/\$\{(\w+)\}/g, (_whole, name) => {
    if (!process.env[name]) throw new Error(`${name} is not set`);
    return process.env[name];
  });
const provisioned = (kind) => readdirSync(join(folder, kind)).map((file) => parse(filled(readFileSync(join(folder, kind, file), 'utf8'))));

const sources = provisioned('datasources').flatMap(({ datasources }) => datasources);
const dashboards = provisioned('dashboards').flatMap(({ providers }) =>
  providers.flatMap(({ options: { path } }) =>
    readdirSync(path, { recursive: true })
      .filter((file) => file.endsWith('.json'))
      .map((file) => JSON.parse(readFileSync(join(path, file), 'utf8'))),
  ),
);

/** As its data source would: with the credentials that are provisioned. */
async function ask({ type, url, user, jsonData, secureJsonData }) {
  const paths = {
    influxdb: `/query?db=${jsonData.dbName}&q=SHOW+MEASUREMENTS`,
    prometheus: '/api/v1/query?query=up',
    alertmanager: '/api/v2/status',
  };
  const authorization = secureJsonData
    ? { authorization: `Basic ${Buffer.from(`${user}:${secureJsonData.password}`).toString('base64')}` }
    : {};
  const answer = await fetch(url + paths[type], { headers: authorization });
  if (!answer.ok) throw new Error(`${type} answers ${answer.status}`);
  return type;
}

createServer(async ({ url }, response) => {
  const pages = {
    '/api/health': () => ({ database: 'ok' }),
    '/api/search': () => dashboards.map(({ title, uid }) => ({ title, uid })),
    '/stand-in/sources': () => Promise.all(sources.map(ask)),
  };
  try {
    response.end(JSON.stringify(await pages[url]()));
  } catch (error) {
    response.writeHead(500).end(error.message);
  }
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
