// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Text;

namespace Flower.Tap;

/// <summary>
/// Writes the blocks of a pcapng file, little-endian (draft-ietf-opsawg-pcapng): one section with one interface of raw IP
/// packets, whose times are in nanoseconds. Owns the file.
/// </summary>
internal sealed class PcapngWriter : IDisposable
{
    private const uint SectionHeader = 0x0A0D0D0A;
    private const uint InterfaceDescription = 1;
    private const uint EnhancedPacket = 6;
    private const uint ByteOrderMagic = 0x1A2B3C4D;

    // LINKTYPE_RAW: begins with an IPv4 or IPv6 header (https://www.tcpdump.org/linktypes.html).
    private const ushort LinkTypeRaw = 101;
    private const ushort EndOfOptions = 0;
    private const ushort Comment = 1;
    private const ushort UserApplication = 4;
    private const ushort InterfaceName = 2;
    private const ushort TimeResolution = 9;

    // An option's length has 16 bits.
    private const int MaxOption = 65_000;
    private const int NanosecondsPerTick = 100;

    private readonly OutputFile _file;
    private readonly int _snapLength;
    private byte[] _block = new byte[128 * 1024];
    private int _length;

    /// <summary>Writes the beginning.</summary>
    /// <param name="file">Where to, which is owned.</param>
    /// <param name="snapLength">How much of each packet is kept.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public PcapngWriter(OutputFile file, int snapLength)
    {
        _file = file;
        _snapLength = snapLength;
        Begin(SectionHeader);
        Add32(ByteOrderMagic);
        Add16(1);
        Add16(0);

        // How long the section is is not known.
        Add32(uint.MaxValue);
        Add32(uint.MaxValue);
        AddOption(UserApplication, "flower tap"u8);
        AddOption(EndOfOptions, []);
        End();

        Begin(InterfaceDescription);
        Add16(LinkTypeRaw);
        Add16(0);
        Add32((uint)snapLength);
        AddOption(InterfaceName, "flower"u8);
        AddOption(TimeResolution, [9]);
        AddOption(EndOfOptions, []);
        End();
    }

    /// <summary>Writes one packet.</summary>
    /// <param name="packet">All of it.</param>
    /// <param name="time">When it was, in UTC.</param>
    /// <param name="comment">About it; null: none.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(ReadOnlySpan<byte> packet, DateTime time, string? comment)
    {
        ReadOnlySpan<byte> kept = packet[..Math.Min(packet.Length, _snapLength)];
        ulong nanoseconds = (ulong)(time - DateTime.UnixEpoch).Ticks * NanosecondsPerTick;
        Begin(EnhancedPacket);
        Add32(0);
        Add32((uint)(nanoseconds >> 32));
        Add32((uint)nanoseconds);
        Add32((uint)kept.Length);
        Add32((uint)packet.Length);
        AddPadded(kept);
        if (comment is not null)
        {
            AddOption(Comment, Cut(Encoding.UTF8.GetBytes(comment)));
            AddOption(EndOfOptions, []);
        }

        End();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Not within a character.
    private static ReadOnlySpan<byte> Cut(byte[] text)
    {
        int length = Math.Min(text.Length, MaxOption);
        while (length < text.Length && length > 0 && (text[length] & 0xC0) == 0x80)
        {
            length--;
        }

        return text.AsSpan(0, length);
    }

    private void Begin(uint type)
    {
        _length = 0;
        Add32(type);
        Add32(0);
    }

    private void End()
    {
        uint total = (uint)_length + sizeof(uint);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), total);
        Add32(total);
        _file.Write(_block.AsSpan(0, _length));
    }

    private void AddOption(ushort code, ReadOnlySpan<byte> value)
    {
        Add16(code);
        Add16((ushort)value.Length);
        AddPadded(value);
    }

    private void Add16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Next(sizeof(ushort)), value);

    private void Add32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Next(sizeof(uint)), value);

    // To a multiple of 32 bits.
    private void AddPadded(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Next(bytes.Length));
        Next(-bytes.Length & 3).Clear();
    }

    private Span<byte> Next(int count)
    {
        if (_length + count > _block.Length)
        {
            Array.Resize(ref _block, Math.Max(2 * _block.Length, _length + count));
        }

        _length += count;
        return _block.AsSpan(_length - count, count);
    }
}
