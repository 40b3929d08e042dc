// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Run.Box;

/// <summary>
/// The system calls that a boxed command does not have (seccomp(2)): those by which it would get around its namespaces.
/// <list type="bullet">
/// <item>socket(2) of any family but Unix, IPv4, IPv6, netlink and the kernel's ciphers: others, as AF_VSOCK, which
/// leads to the host of a virtual machine, do not belong to a network namespace.</item>
/// <item>TIOCSTI and TIOCLINUX (ioctl(2)), which type on the terminal that the command shares with the shell outside.
/// </item>
/// <item>io_uring, which makes sockets without socket(2).</item>
/// <item>MSG_FASTOPEN of sendto(2), sendmsg(2) and sendmmsg(2), which connects without the check that Landlock has for
/// connect(2) (landlock-lsm issue 41): a TCP socket that the command was handed would reach anything.</item>
/// <item>Calls of other architectures, which have other numbers: 32-bit programs do not run.</item>
/// </list>
/// </summary>
internal static class CallFilter
{
    private const int InstructionBytes = 8;

    // linux/bpf_common.h and linux/seccomp.h.
    private const ushort LoadWord = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;
    private const uint Allow = 0x7fff0000;
    private const uint Fail = 0x00050000;

    // struct seccomp_data: the number, the architecture, the instruction, the arguments of 64 bits, low half first.
    private const uint CallNumber = 0;
    private const uint CallArchitecture = 4;
    private const uint Argument0 = 16;
    private const uint Argument1 = 24;
    private const uint Argument2 = 32;
    private const uint Argument3 = 40;

    // The kernel takes the low half of these arguments alone, so that is what is looked at.
    private const uint TiocSti = 0x5412;
    private const uint TiocLinux = 0x541c;
    private const uint IoUringSetup = 425;
    private const uint FastOpen = 0x20000000;
    private const uint X32 = 0x40000000;
    private const int NoSys = 38;
    private const int OpNotSupported = 95;

    private static readonly uint[] Families = [1, 2, 10, 16, 38];

    /// <summary>The program, as bwrap(1) takes it: an array of struct sock_filter.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor is neither x86-64 nor arm64.</exception>
    public static byte[] Make(Architecture processor)
    {
        (uint audit, uint ioctl, uint socket, uint sendTo, uint sendMessage, uint sendMessages) = processor switch
        {
            Architecture.X64 => (0xc000003eu, 16u, 41u, 44u, 46u, 307u),
            Architecture.Arm64 => (0xc00000b7u, 29u, 198u, 206u, 211u, 269u),
            _ => throw new PlatformNotSupportedException("--no-network works on x86-64 and arm64"),
        };

        // A jump counts the instructions that it leaves out. Each block is left by its last instruction.
        List<(ushort Code, byte True, byte False, uint Value)> program =
        [
            (LoadWord, 0, 0, CallArchitecture),
            (JumpIfEqual, 1, 0, audit),
            (Return, 0, 0, Fail | NoSys),
            (LoadWord, 0, 0, CallNumber),
            (JumpIfAtLeast, 0, 1, X32),
            (Return, 0, 0, Fail | NoSys),
            (JumpIfEqual, 0, 1, IoUringSetup),
            (Return, 0, 0, Fail | NoSys),
            (JumpIfEqual, 1, 0, sendTo),
            (JumpIfEqual, 0, 4, sendMessages),
            (LoadWord, 0, 0, Argument3),
            (JumpIfAnyBit, 0, 1, FastOpen),
            (Return, 0, 0, Fail | OpNotSupported),
            (Return, 0, 0, Allow),
            (JumpIfEqual, 0, 4, sendMessage),
            (LoadWord, 0, 0, Argument2),
            (JumpIfAnyBit, 0, 1, FastOpen),
            (Return, 0, 0, Fail | OpNotSupported),
            (Return, 0, 0, Allow),
            (JumpIfEqual, 0, 5, ioctl),
            (LoadWord, 0, 0, Argument1),
            (JumpIfEqual, 1, 0, TiocSti),
            (JumpIfEqual, 0, 1, TiocLinux),
            (Return, 0, 0, Fail | Errno.Perm),
            (Return, 0, 0, Allow),
            (JumpIfEqual, 1, 0, socket),
            (Return, 0, 0, Allow),
            (LoadWord, 0, 0, Argument0),
        ];
        program.AddRange(Families.Select(
            (family, index) => (JumpIfEqual, (byte)(Families.Length - index), (byte)0, family)));
        program.Add((Return, 0, 0, Fail | Errno.AfNoSupport));
        program.Add((Return, 0, 0, Allow));
        return Encode(program);
    }

    private static byte[] Encode(List<(ushort Code, byte True, byte False, uint Value)> program)
    {
        byte[] bytes = new byte[program.Count * InstructionBytes];
        for (int i = 0; i < program.Count; i++)
        {
            Span<byte> instruction = bytes.AsSpan(i * InstructionBytes, InstructionBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, program[i].Code);
            instruction[2] = program[i].True;
            instruction[3] = program[i].False;
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], program[i].Value);
        }

        return bytes;
    }
}
