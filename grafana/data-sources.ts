/** The data sources that provisioning/datasources/tocsin.yaml sets up; dashboards refer to them by these uids. */
export const INFLUXDB = { type: 'influxdb', uid: 'tocsin-influxdb' };
export const PROMETHEUS = { type: 'prometheus', uid: 'tocsin-prometheus' };
