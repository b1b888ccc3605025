# SPDX-License-Identifier: GPL-2.0-only
"""guest/decode.c against binutils: `as` encodes, objdump says how long and what, our decoder must agree."""
import itertools
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMP = ROOT / "build/host/decode_dump"

COMMON = """
cpuid; rdmsr; wrmsr; rdtsc; rdtscp; rdpmc; hlt; pause; invd; wbinvd; clts; ud2; monitor; mwait; xgetbv; xsetbv
vmcall; vmmcall; vmrun; vmload; vmsave; stgi; clgi; nop; rsm
in $0x71,%al; in $0x71,%ax; in $0x71,%eax; in %dx,%al; in %dx,%ax; in %dx,%eax
out %al,$0x70; out %ax,$0x70; out %eax,$0x70; out %al,%dx; out %ax,%dx; out %eax,%dx
insb; insw; insl; outsb; outsw; outsl; rep insb; rep insl; rep outsb; rep outsw; rep outsl
movsb; movsw; movsl; stosb; stosw; stosl; lodsb; lodsw; lodsl; cmpsb; cmpsw; cmpsl; scasb; scasw; scasl
rep movsb; rep movsl; rep stosb; rep stosl; repe cmpsb; repne scasb
mov $0x12,%al; mov $0x1234,%ax; mov $0x12345678,%eax; mov %ah,%bl; mov %eax,%ecx
test $1,%al; test $0x1234,%ax; test $0x12345678,%eax; add $1,%al; add $0x1234,%ax; sub $0x12345678,%eax
cli; sti; cld; std; ret; ret $8; iret; int3; int $0x80; leave; bswap %eax; fninit; fnstcw (%{b}); emms; sfence; mfence
"""

MEMORY = """
mov %al,{m}; mov %ah,{m}; mov %cx,{m}; mov %edx,{m}; mov {m},%bl; mov {m},%bh; mov {m},%bp; mov {m},%esi
movb $0x12,{m}; movw $0x1234,{m}; movl $0x12345678,{m}
movzbw {m},%ax; movzbl {m},%ecx; movzwl {m},%edx; movsbw {m},%ax; movsbl {m},%ecx; movswl {m},%edx
andb $1,{m}; orw $0x1234,{m}; xorl $0x12345678,{m}; addl $-1,{m}; subw $-2,{m}; cmpb $3,{m}; adcl $1,{m}; sbbl $1,{m}
and %al,{m}; or %cx,{m}; xor %edx,{m}; add {m},%bl; sub {m},%bp; cmp {m},%esi; cmp %esi,{m}; adc %eax,{m}; sbb {m},%eax
testb $1,{m}; testw $0x1234,{m}; testl $0x12345678,{m}; test %al,{m}; test %eax,{m}
xchg %al,{m}; xchg %cx,{m}; xchg %edx,{m}; lock xadd %eax,{m}; lock cmpxchg %ecx,{m}; cmpxchg %cl,{m}
btw $3,{m}; btl $3,{m}; lock btsl $31,{m}; btrl $4,{m}; btcl $5,{m}; bt %eax,{m}; lock bts %ecx,{m}; btr %cx,{m}
incb {m}; incw {m}; incl {m}; decb {m}; decl {m}; notb {m}; notl {m}; negw {m}; negl {m}
movnti %eax,{m}; lmsw {m}; smsw {m}; invlpg {m}; lea {m},%eax; shll $3,{m}; shll {m}; mull {m}; divb {m}
cmpxchg8b {m}; movups {m},%xmm1; movaps %xmm2,{m}; movdqa {m},%xmm3; pshufd $1,{m},%xmm0; cmpps $2,{m},%xmm4
prefetchnta {m}; fildl {m}; imul $5,{m},%eax; imul $0x12345,{m},%eax; sete {m}; cmovne {m},%eax; clflush {m}
crc32b {m},%eax; pshufb {m},%xmm1; palignr $3,{m},%xmm1; lgdt {m}; sidt {m}; popcnt {m},%eax
"""

LONG = """
mov %rax,{m}; mov {m},%r15; mov %r9b,{m}; mov %sil,{m}; mov {m},%r10d; mov {m},%r11w; movq $0x12345678,{m}
movslq {m},%rax; movzbq {m},%r8; movzwq {m},%r9; movsbq {m},%r10; movswq {m},%r11; andq $-1,{m}; orq $0x12345678,{m}
xchg %r12,{m}; lock xadd %r13,{m}; lock cmpxchg %r14,{m}; btsq $40,{m}; bts %rax,{m}; incq {m}; negq {m}; testq $1,{m}
movnti %r15,{m}; add %r8,{m}; sub {m},%r9; cmp %spl,{m}
"""

LONG_PLAIN = """
mov %cr0,%rax; mov %cr8,%r9; mov %rax,%cr3; mov %r15,%cr4; mov %r8,%cr8; mov %dr7,%rax; mov %r10,%dr6
movabs %al,0x1122334455667788; movabs 0x1122334455667788,%rax; movabs %eax,0x1122334455667788
movabs $0x1122334455667788,%rax; movabs $0x1122334455667788,%r11; movsq; stosq; lodsq; rep movsq; rep stosq; swapgs
sysret; syscall; push %r12; pop %rax; iretq
"""

LEGACY_PLAIN = """
mov %cr0,%eax; mov %cr3,%ecx; mov %eax,%cr3; mov %ecx,%cr4; mov %dr7,%eax; mov %edx,%dr6
mov %al,0x1234; mov 0x1234,%al; mov %eax,0x1234; mov 0x1234,%eax; aaa; das; pusha; popa; into; aam; inc %eax; dec %cx
les (%{b}),%eax; bound %eax,(%{b}); ljmp $0x8,$0x1234; push %es; pop %ds; arpl %ax,(%{b}); lds (%{b}),%ecx
"""

MEM16 = ["(%bx,%si)", "(%bp,%di)", "(%si)", "(%bp)", "4(%bp,%si)", "-4(%bx)", "0x1234(%di)", "0x1234", "%gs:8(%bx)",
         "%es:(%di)", "(%eax)", "0x12345678(%eax,%ecx,4)", "8(%ebp)", "(%esp)", "%fs:0x12345678(,%edi,8)"]
MEM32 = ["(%eax)", "(%ebp)", "(%esp)", "4(%esp)", "-128(%edi)", "0x1000(%ebp,%esi,8)", "0x12345678", "(,%ecx,4)",
         "%fs:(%ebx)", "%ss:(%eax,%edx)", "%es:4(%ebp)", "(%bx,%di)", "8(%bp)"]
MEM64 = ["(%rax)", "(%rbp)", "(%rsp)", "(%r12)", "(%r13)", "4(%rsp)", "-128(%r12)", "0x1000(%r13,%r14,8)", "0x12345678",
         "(,%r12,4)", "%gs:(%rbx)", "%fs:0x28", "0x1234(%rip)", "(%eax)", "8(%r8d,%ecx,2)", "(%rax,%rbp,2)"]


def split(text):
    return [part.strip() for line in text.splitlines() for part in line.split(";") if part.strip()]


def lines_for(bits):
    """Every assembler line for a mode; those `as` refuses are dropped by assemble()."""
    memory = {16: MEM16, 32: MEM32, 64: MEM64}[bits]
    base = {16: "bx", 32: "ebx", 64: "rbx"}[bits]
    lines = [t.replace("{b}", base) for t in split(COMMON)]
    lines += [t.replace("{b}", base) for t in split(LONG_PLAIN if bits == 64 else LEGACY_PLAIN)]
    templates = split(MEMORY) + (split(LONG) if bits == 64 else [])
    lines += [t.replace("{m}", m) for t, m in itertools.product(templates, memory)]
    return lines


def run_as(bits, lines, tmp_path):
    source = tmp_path / f"in{bits}.s"
    source.write_text(f".code{bits}\n" + "\n".join(lines) + "\n")
    target = tmp_path / f"out{bits}.o"
    flag = "--64" if bits == 64 else "--32"
    done = subprocess.run(["as", flag, "-o", target, source], capture_output=True, text=True, check=False, timeout=60)
    return target, done


def assemble(bits, tmp_path):
    lines = lines_for(bits)
    target, done = run_as(bits, lines, tmp_path)
    if done.returncode != 0:
        bad = {int(n) - 2 for n in re.findall(r":(\d+): Error", done.stderr)}
        assert len(bad) < len(lines) // 10, done.stderr
        target, done = run_as(bits, [line for i, line in enumerate(lines) if i not in bad], tmp_path)
    assert done.returncode == 0, done.stderr
    return target


def disassemble(bits, target):
    """[(hex bytes, objdump's text)], prefixes and instruction in one entry as objdump groups them."""
    machine = {16: "i8086", 32: "i386", 64: "i386:x86-64"}[bits]
    out = subprocess.run(["objdump", "-d", "-w", "-z", "--insn-width=16", "-m", machine, target], capture_output=True,
                         text=True, check=True, timeout=60).stdout
    rows = re.findall(r"^\s*[0-9a-f]+:\t([0-9a-f ]+)\t(.*)$", out, re.M)
    return [(h.replace(" ", ""), text.strip()) for h, text in rows]


def decode(rows):
    text = "".join(f"{bits} {h}\n" for bits, h in rows)
    out = subprocess.run([DUMP], input=text, capture_output=True, text=True, check=True, timeout=60).stdout
    return out.splitlines()


def fields(line):
    assert line.startswith("ok "), line
    return dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", line))


NAMES = {"cpuid", "rdmsr", "wrmsr", "rdtsc", "rdtscp", "rdpmc", "hlt", "pause", "invd", "wbinvd", "clts", "monitor",
         "mwait", "xgetbv", "xsetbv", "vmcall", "vmmcall", "invlpg", "rsm", "ud2", "in", "out", "ins", "outs", "movs",
         "stos", "lods", "cmps", "scas", "add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "not", "neg",
         "inc", "dec", "xchg", "xadd", "cmpxchg", "bt", "bts", "btr", "btc"}
SUFFIXES = {"b": 1, "w": 2, "l": 4, "q": 8}


def expected_name(text):
    """(our op, width or None) for what we name; None for everything else."""
    words = [w for w in text.split() if w not in ("lock", "rep", "repz", "repnz", "ds", "es", "fs", "gs", "ss", "cs")]
    word = words[0]
    operands = " ".join(words[1:])
    if word in ("xchg", "xchgw") and "(" not in operands and not re.search(r"0x", operands):
        return None
    if re.match(r"(inc|dec)[wl]?$", word) and "(" not in operands and "0x" not in operands:
        return None
    if word in NAMES:
        return word, None
    if word[:-1] in NAMES and word[-1] in SUFFIXES and "%xmm" not in operands:
        return word[:-1], SUFFIXES[word[-1]]
    return None


REG64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + [f"r{n}" for n in range(8, 16)]
REG32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"] + [f"r{n}d" for n in range(8, 16)]
REG16 = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]
SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"]


def expected_memory(text):
    """objdump's memory operand as (segment or None, displacement, base, index, scale)."""
    m = re.search(r"(?:%(\ws):)?(-?0x[0-9a-f]+)?\((%\w+)?(?:,%(\w+))?(?:,(\d))?\)", text)
    if m is None or m.group(3) == "%rip":
        return None
    index = None if m.group(4) in (None, "riz", "eiz") else m.group(4)
    return (m.group(1), int(m.group(2) or "0", 16), (m.group(3) or "%")[1:] or None, index, int(m.group(5) or "1"))


def register_number(name):
    return next(names.index(name) for names in (REG64, REG32, REG16) if name in names)


def check_memory(got, text, bits):
    want = expected_memory(text)
    if want is None or got["op"] in ("movs", "stos", "lods", "cmps", "scas", "ins", "outs", "in", "out"):
        return
    segment, displacement, base, index, scale = want
    assert got["memory"] == "1", text
    width = int(got["address"])
    mask = (1 << 8 * width) - 1
    assert int(got["disp"]) & mask == displacement & mask, text
    assert got["base"] == ("255" if base is None else str(register_number(base))), text
    assert got["index"] == ("255" if index is None else str(register_number(index))), text
    if index is not None:
        assert 1 << int(got["scale"]) == scale, text
    if segment is not None and (bits != 64 or segment in ("fs", "gs")):
        assert SEGMENTS[int(got["segment"])] == segment, text


@pytest.mark.parametrize("bits", [16, 32, 64])
def test_against_objdump(bits, tmp_path):
    rows = disassemble(bits, assemble(bits, tmp_path))
    assert len(rows) > 900
    answers = decode([(bits, h + "90" * 4) for h, _ in rows])  # bytes after it must not matter
    cut = decode([(bits, h[:-2]) for h, _ in rows if len(h) > 2])
    named = 0
    for (h, text), answer in zip(rows, answers, strict=True):
        got = fields(answer)
        assert int(got["length"]) == len(h) // 2, f"{h} {text}: {answer}"
        want = expected_name(text)
        if want is not None:
            named += 1
            assert got["op"] == want[0], f"{h} {text}: {answer}"
            assert want[1] in (None, int(got["width"])), f"{h} {text}: {answer}"
        check_memory(got, text, bits)
    assert named > 400
    assert set(cut) == {"error out of range"}
