// Strict mode: what it rules out is said where it stands, and the elector is told what is left.
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../../src/config/read.ts';
import { planElector } from '../../src/director/plan.ts';

const VIP = 'virtual_ipaddress {\n10.0.0.1/24\n}';
/** The words of the instance begin at line 6. */
function read(words: string, { global = '', strict = 'strict_mode', version = 3, vip = VIP } = {}) {
  const head = `interface e\nvirtual_router_id 5\nversion ${version}\n${strict}`;
  const text = `global_defs { ${global} }\nvrrp_instance V { ${head}\n${words}\n${vip}\n}\n`;
  const { configuration, diagnostics } = readConfiguration([{ name: 'x', text }], { compat: true });
  const lineOf = (start: number) => text.slice(0, start).split('\n').length;
  return {
    own: planElector(configuration!, 'kernel').instances[0]!,
    said: diagnostics.map(({ code, at }) => `${code} ${lineOf(at.start)}`),
  };
}
const accept = { vip: `accept\n${VIP}` };

describe('what strict mode rules out', () => {
  const KEY = `key 1 hex:${'00112233445566778899aabbccddeeff'.repeat(2)}\nactive_key 1`;
  test.each([
    ['state MASTER\npriority 100', 6, { initialState: 'BACKUP' }],
    ['state BACKUP\npriority 255', 6, { initialState: 'MASTER' }],
    ['preempt_delay 5', 6, { preemptDelayMs: 0 }],
    ['down_timer_adverts 4', 6, { downAdverts: 3 }],
    ['lower_prio_no_advert off', 6, { silentToLower: true }],
    ['higher_prio_send_advert', 6, { silentToHigher: true }],
    ['garp_lower_prio_repeat 2', 6, { garp: expect.objectContaining({ lowerPriorityRepeat: 0 }) }],
    ['garp_lower_prio_delay 2', 6, { garp: expect.objectContaining({ lowerPriorityDelayMs: 0 }) }],
    ['use_vmac vmac0\nvmac_xmit_base', 7, { vmac: expect.objectContaining({ sendsOnBase: false }) }],
    [`auth_hmac {\n${KEY}\nmode permissive\n}`, 9, { hmac: expect.objectContaining({ mode: 'enforce' }) }],
  ])('%j', (words, line, own) => {
    const read_ = read(words, accept);
    expect(read_.said.filter((said) => said.startsWith('CFG_STRICT'))).toEqual([`CFG_STRICT ${line}`]);
    expect(read_.own).toMatchObject(own);
  });

  test('a password', () => {
    const { own, said } = read('authentication {\nauth_type PASS\nauth_pass 1111\n}', { version: 2 });
    expect(said).toEqual(['CFG_STRICT_ACCEPT 5', 'CFG_STRICT 7']);
    expect(own).not.toHaveProperty('password');
  });
  test('an owner that hears others', () => {
    const { own, said } = read('priority 255\nowner_ignore_adverts off');
    expect(said).toContain('CFG_STRICT 7');
    expect(own).toMatchObject({ deafOwner: true });
  });
  test('an instance without addresses, whatever it says', () => {
    const { said } = read('no_virtual_ipaddress', { vip: 'accept' });
    expect(said).toEqual(['CFG_INCOMPLETE 2', 'CFG_STRICT 6']);
  });
  test('version 2 over IPv6, and another than a link-local address first', () => {
    const { own, said } = read('accept', { version: 2, vip: 'virtual_ipaddress {\nfd00::1/128\n}' });
    expect(own.version).toBe(3);
    expect(said).toEqual(['CFG_STRICT 4', 'CFG_STRICT 8']);
  });
  test('unicast only by a warning: keepalived 2.2.7 goes on', () => {
    const { own, said } = read('unicast_peer {\n10.0.0.2\n}', accept);
    expect(said).toEqual(['CFG_STRICT_PEER 7']);
    expect(own.unicastPeers).toEqual(['10.0.0.2']);
  });
});

describe('what strict mode means where nothing else is said', () => {
  test('the RFC and no more', () => {
    expect(read('priority 255').own).toMatchObject({
      deafOwner: true,
      silentToLower: true,
      silentToHigher: true,
    });
  });
  test('no packet to the addresses, with a warning', () => {
    const { own, said } = read('');
    expect(own.refuses).toBe(true);
    expect(said).toEqual(['CFG_STRICT_ACCEPT 5']);
    expect(read('no_accept')).toMatchObject({ own: { refuses: true }, said: [] });
  });
  test('`accept` is for version 3', () => {
    expect(read('', accept)).toMatchObject({ said: [] });
    expect(read('', accept).own.refuses).toBeUndefined();
    expect(read('', { ...accept, version: 2 })).toMatchObject({
      own: { refuses: true },
      said: ['CFG_STRICT 7'],
    });
  });
});

test('an instance’s own word comes before that of global_defs', () => {
  const global = 'vrrp_strict';
  expect(read('', { global, strict: '' }).own.silentToLower).toBe(true);
  expect(read('', { global, strict: 'strict_mode off' }).own.silentToLower).toBeUndefined();
});
