// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Switchboard.State;
using Google.Protobuf;

namespace Flower.Switchboard.Hosting.CrashStore;

/// <summary>
/// Records in a file in memory. A record that was cut short by a crash is the last one, and is left out when they are
/// read. On the loop. Owns its descriptor.
/// </summary>
internal sealed class Journal : IDisposable
{
    /// <summary>The version of the format.</summary>
    public const uint Version = 1;

    private readonly FileStream _stream;

    /// <summary>An empty journal.</summary>
    /// <exception cref="Rpc.FlowerSocketException">EMFILE, ENOMEM.</exception>
    public Journal()
    {
        File = MemoryFile.Create("flower-journal");
        _stream = MemoryFile.Open(File);
        Numbers = new HandleNumbers(
            handle => Write(new JournalRecord { Handle = handle }), node => Write(new JournalRecord { Node = node }));
        Write(new JournalRecord { Version = Version });
    }

    /// <summary>The file.</summary>
    public Descriptor File { get; }

    /// <summary>The numbers of the handles in this journal.</summary>
    public HandleNumbers Numbers { get; }

    /// <summary>How many records it has.</summary>
    public int Count { get; private set; }

    /// <summary>How long it is.</summary>
    public long Bytes => _stream.Position;

    /// <summary>What a journal says, up to where it was cut short.</summary>
    public static List<JournalRecord> Read(Descriptor file)
    {
        var records = new List<JournalRecord>();
        using FileStream stream = MemoryFile.Open(file);
        using var buffered = new BufferedStream(stream, 1 << 16);
        try
        {
            while (buffered.Position < stream.Length)
            {
                records.Add(JournalRecord.Parser.ParseDelimitedFrom(buffered));
            }
        }
        catch (InvalidProtocolBufferException)
        {
            // Written while the process was killed: what it says was answered to nobody.
        }

        return records;
    }

    /// <summary>Adds a record, which a crash of this process does not lose once this returns.</summary>
    public void Write(JournalRecord record)
    {
        record.WriteDelimitedTo(_stream);
        _stream.Flush();
        Count++;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        File.Dispose();
    }
}
