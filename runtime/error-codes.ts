/** The meaning of common error codes, in words for operators. */

const SENTENCES: Readonly<Record<string, string>> = {
  // The network: Node's codes.
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the other side has cut the connection',
  ECONNABORTED: 'the connection was aborted',
  EPIPE: 'the other side has closed the connection',
  ETIMEDOUT: 'there was no answer in time',
  ESOCKETTIMEDOUT: 'there was no answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'there was no answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'there was no answer in time',
  UND_ERR_SOCKET: 'the other side has cut the connection',
  ABORT_ERR: 'it was aborted',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name service does not answer',
  EDNS: 'the host name cannot be resolved',
  EHOSTUNREACH: 'there is no route to this host',
  ENETUNREACH: 'there is no route to this network',
  EADDRINUSE: 'another program is already listening there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  HPE_INVALID_CONSTANT: 'what answers there does not speak HTTP',

  // TLS.
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is signed by an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is signed by an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is signed by an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is signed by an authority that is not trusted here',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answers there does not speak TLS',
  EPROTO: 'TLS could not be agreed on',

  // Files and the disk.
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user lacks the permission',
  EPERM: 'this user lacks the permission',
  EEXIST: 'it already exists',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ENOTEMPTY: 'the folder is not empty',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'the links form a loop',
  EROFS: 'the disk is read-only',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk cannot be read or written',
  EFBIG: 'the file is too large',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  ENOMEM: 'there is not enough memory',
  EBUSY: 'it is in use',
  // lmdb.
  '-30797': 'the store is damaged: a page is missing',
  '-30796': 'the store is damaged',
  '-30795': 'the store is damaged',
  '-30794': 'the store was written by another version of lmdb',
  '-30793': 'the file is not a store',
  '-30792': 'the store is full',
  '-30790': 'the store has too many readers',

  // Mail: nodemailer's codes, then replies and enhanced status codes (RFC 3463).
  EAUTH: 'the log-in was refused',
  ENOAUTH: 'the server wants a log-in',
  ETLS: 'TLS could not be agreed on',
  EENVELOPE: 'sender or recipients were refused',
  EMESSAGE: 'the mail was refused',
  EPROTOCOL: 'the answer was not SMTP',
  ECONNECTION: 'the connection failed',
  ESOCKET: 'the connection failed',
  ESTREAM: 'the mail could not be read',

  // Kafka, as kafkajs names its errors.
  KafkaJSConnectionError: 'the connection failed',
  KafkaJSConnectionClosedError: 'the broker has closed the connection',
  KafkaJSRequestTimeoutError: 'the broker did not answer in time',
  KafkaJSSASLAuthenticationError: 'the log-in was refused',
  KafkaJSBrokerNotFound: 'the broker is not known',
  KafkaJSLockTimeout: 'the broker did not answer in time',
  SASL_AUTHENTICATION_FAILED: 'the log-in was refused',
  UNSUPPORTED_SASL_MECHANISM: 'the broker does not support this way to log in',
  TOPIC_AUTHORIZATION_FAILED: 'not allowed to use the topic',
  GROUP_AUTHORIZATION_FAILED: 'not allowed to use the group',
  CLUSTER_AUTHORIZATION_FAILED: 'not allowed to ask this of the cluster',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'not allowed to use the transactional id',

  // Cassandra, as its driver names its errors.
  NoHostAvailableError: 'no node answers',
  OperationTimedOutError: 'there was no answer in time',
  BusyConnectionError: 'too many requests at a time',

  // Bodies of requests: the codes of Express's body parsers.
  'entity.parse.failed': 'the body is not JSON',
  'entity.verify.failed': 'the body was refused',
  'entity.too.large': 'the body is too long',
  'encoding.unsupported': 'the encoding of the body is not supported',
  'charset.unsupported': 'the body is not UTF-8',
  'request.aborted': 'the request was aborted',
  'request.size.invalid': 'the body does not have the announced length',

  // Error names that are clear enough on their own.
  AbortError: 'it was aborted',
  TimeoutError: 'there was no answer in time',
  SyntaxError: 'it cannot be read',
  URIError: 'the address cannot be read',
};

/** Undefined for a code that is not listed here. */
export function sentenceOf(code: string | number): string | undefined {
  const key = String(code);
  return Object.hasOwn(SENTENCES, key) ? SENTENCES[key] : undefined;
}
