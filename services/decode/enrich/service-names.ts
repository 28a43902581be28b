// Names of ports for display, as /etc/services has them; without a file a short list from IANA's registry (Service Name
// and Transport Protocol Port Number Registry). Samples carry numbers: nobody needs a name per sample. Pure.

export interface ServiceNames {
  readonly names: number;
  /** Index into names of a port, plus 1; 0 = none. */
  indexOf(protocol: number, port: number): number;
  /** @param index as indexOf gives it */
  nameOf(index: number): string;
}

const protocols: Record<string, number> = { tcp: 6, udp: 17, dccp: 33, sctp: 132 };
const PROBLEMS_SHOWN = 5;

/** @param text lines of "name port/protocol alias… # comment" @throws {Error} naming line and value */
export function parseServiceNames(text: string): ServiceNames {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const byPort = new Map<number, number>();
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const [name, target] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!name) continue;
    const [, port, protocol = ''] = /^(\d{1,5})\/([a-z-]+)$/i.exec(target ?? '') ?? [];
    if (port === undefined || Number(port) > 65_535 || name.length > 64) {
      if (
        problems.push(`line ${index + 1}: "${line.trim().slice(0, 80)}" is not "name port/protocol"`) === PROBLEMS_SHOWN
      )
        break;
      continue;
    }
    const number = protocols[protocol.toLowerCase()];
    if (number === undefined) continue;
    let value = numbers.get(name);
    if (value === undefined) {
      value = names.push(name);
      numbers.set(name, value);
    }
    // The first name of a port is its usual one.
    const key = (number << 16) | Number(port);
    if (!byPort.has(key)) byPort.set(key, value);
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
  return {
    names: names.length,
    indexOf: (protocol, port) => byPort.get((protocol << 16) | port) ?? 0,
    nameOf: (index) => names[index - 1] ?? '',
  };
}

const both = (name: string, port: number) => `${name} ${port}/tcp\n${name} ${port}/udp`;

/** What is used where no file is named. */
export const builtInServices = [
  'ftp-data 20/tcp\nftp 21/tcp\nssh 22/tcp\ntelnet 23/tcp\nsmtp 25/tcp',
  both('domain', 53),
  'bootps 67/udp\nbootpc 68/udp\ntftp 69/udp\nhttp 80/tcp\nhttp 80/udp',
  both('kerberos', 88),
  'pop3 110/tcp\nsunrpc 111/tcp\nsunrpc 111/udp\nntp 123/udp\nnetbios-ns 137/udp\nnetbios-dgm 138/udp\nnetbios-ssn 139/tcp',
  'imap 143/tcp\nsnmp 161/udp\nsnmptrap 162/udp\nbgp 179/tcp\nldap 389/tcp\nldap 389/udp\nhttps 443/tcp\nhttps 443/udp',
  'microsoft-ds 445/tcp\nsubmissions 465/tcp\nisakmp 500/udp\nsyslog 514/udp\ndhcpv6-client 546/udp\ndhcpv6-server 547/udp',
  'rtsp 554/tcp\nsubmission 587/tcp\nldaps 636/tcp\ndomain-s 853/tcp\ndomain-s 853/udp\nrsync 873/tcp\nimaps 993/tcp\npop3s 995/tcp',
  'ms-sql-s 1433/tcp\nl2tp 1701/udp\nradius 1812/udp\nradius-acct 1813/udp\nmqtt 1883/tcp\nnfs 2049/tcp\ngtp-control 2123/udp',
  'gtp-user 2152/udp\nmysql 3306/tcp\nms-wbt-server 3389/tcp\nms-wbt-server 3389/udp\nstun 3478/udp\nipsec-nat-t 4500/udp',
  'ipfix 4739/udp\nvxlan 4789/udp\nsip 5060/tcp\nsip 5060/udp\nsips 5061/tcp\nxmpp-client 5222/tcp\nmdns 5353/udp',
  'postgresql 5432/tcp\namqp 5672/tcp\namqp 5672/sctp\ngeneve 6081/udp\nsflow 6343/udp\nredis 6379/tcp\nhttp-alt 8080/tcp\nsecure-mqtt 8883/tcp',
].join('\n');
