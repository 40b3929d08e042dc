// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Flower.Run.Names;

/// <summary>
/// Which name has which synthetic address. A name keeps its number, and so its addresses, while it is in use: while a
/// connection holds it, and for <see cref="HoldTime"/> after it was last asked for, found or held. When all numbers are
/// taken, the name that has been out of use for longest loses its own. So an address never changes its meaning within the
/// time to live of an answer, and whoever asks for a million names takes back his own old ones, not those that others use.
/// For any thread.
/// </summary>
/// <remarks>
/// 130,816 names, whose bytes are 8 MiB at most, and with all that belongs to them 24 MiB. New names are refused when all
/// numbers, or all these bytes, were in use within the hold time: beyond 13,000 short ones or 3,300 of full length a second.
/// </remarks>
internal sealed class SyntheticNames
{
    /// <summary>How long an address is surely its name's after it was last used: 10 s.</summary>
    public static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(10);

    /// <summary>How many names there are at most.</summary>
    public const int MaxCount = SyntheticAddresses.LastNumber - SyntheticAddresses.FirstNumber + 1;

    /// <summary>How many bytes they have at most, in sum.</summary>
    public const int MaxNameBytes = 8 * 1024 * 1024;

    // The number that stands for both ends of the list of names that nobody holds, and for "none": no name has it.
    private const int Ends = 0;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly long _holdTicks;
    private readonly int _lastNumber;
    private readonly int _maxNameBytes;
    private readonly Dictionary<byte[], int> _numbers = new(NameComparer.Instance);
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _numbersByText;

    // By number. Those that nobody holds are linked from the longest unused to the latest used; free ones by Newer.
    private Entry[] _entries = new Entry[2 * SyntheticAddresses.FirstNumber];
    private int _nextFresh = SyntheticAddresses.FirstNumber;
    private int _firstFree = Ends;
    private int _nameBytes;

    /// <summary>A table without names.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="hasIPv6">Whether names have IPv6 addresses.</param>
    public SyntheticNames(TimeProvider time, bool hasIPv6)
        : this(time, hasIPv6, MaxCount, MaxNameBytes)
    {
    }

    /// <summary>For tests: with other limits.</summary>
    internal SyntheticNames(TimeProvider time, bool hasIPv6, int maxCount, int maxNameBytes)
    {
        _time = time;
        HasIPv6 = hasIPv6;
        _holdTicks = (long)(HoldTime.TotalSeconds * time.TimestampFrequency);
        _lastNumber = SyntheticAddresses.FirstNumber + maxCount - 1;
        _maxNameBytes = maxNameBytes;
        _numbersByText = _numbers.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Whether names have IPv6 addresses.</summary>
    public bool HasIPv6 { get; }

    /// <summary>How many names there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _numbers.Count;
            }
        }
    }

    /// <summary>How many bytes they have.</summary>
    public int NameBytes
    {
        get
        {
            lock (_lock)
            {
                return _nameBytes;
            }
        }
    }

    /// <summary>
    /// The number of a name, now in use: the one that it has, or a new one. False: all are in use.
    /// </summary>
    /// <param name="name">A host's name in ASCII, small letters, without a dot at its end.</param>
    /// <param name="number">Its number.</param>
    public bool TryGive(ReadOnlySpan<byte> name, out int number)
    {
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (_numbersByText.TryGetValue(name, out number))
            {
                Touch(number, now);
                return true;
            }

            while (_nameBytes + name.Length > _maxNameBytes || (_firstFree == Ends && _nextFresh > _lastNumber))
            {
                if (!TryTakeBack(now))
                {
                    return false;
                }
            }

            number = TakeFree();
            byte[] text = name.ToArray();
            _entries[number] = new Entry { Name = text };
            _numbers.Add(text, number);
            _nameBytes += text.Length;
            Append(number, now);
            return true;
        }
    }

    /// <summary>
    /// The name that an address stands for, now in use; null: none, so that nobody can be meant by it if it is synthetic
    /// (<see cref="SyntheticAddresses.Contains"/>).
    /// </summary>
    public SyntheticName? Find(IPAddress address)
    {
        if (!SyntheticAddresses.TryFindNumber(address, out int number) || number < 0)
        {
            return null;
        }

        lock (_lock)
        {
            if (number >= _entries.Length || _entries[number].Name is not { } name)
            {
                return null;
            }

            Touch(number, _time.GetTimestamp());
            return new(number, Encoding.ASCII.GetString(name));
        }
    }

    /// <summary>
    /// Keeps a name's number as long as a connection by it is open; each must be disposed of, once or more often.
    /// </summary>
    /// <param name="number">What <see cref="Find"/> or <see cref="TryGive"/> gave within the last
    /// <see cref="HoldTime"/>.</param>
    /// <exception cref="ArgumentException">No name has this number.</exception>
    public IDisposable Hold(int number)
    {
        lock (_lock)
        {
            if (number < SyntheticAddresses.FirstNumber || number >= _entries.Length || _entries[number].Name is null)
            {
                throw new ArgumentException($"no name has the number {number}", nameof(number));
            }

            if (_entries[number].Holds++ == 0)
            {
                Unlink(number);
            }
        }

        return new Held(this, number);
    }

    private void Release(int number)
    {
        lock (_lock)
        {
            if (--_entries[number].Holds == 0)
            {
                Append(number, _time.GetTimestamp());
            }
        }
    }

    private bool TryTakeBack(long now)
    {
        int oldest = _entries[Ends].Newer;
        if (oldest == Ends || now - _entries[oldest].UsedAt < _holdTicks)
        {
            return false;
        }

        Unlink(oldest);
        byte[] name = _entries[oldest].Name!;
        _numbers.Remove(name);
        _nameBytes -= name.Length;
        _entries[oldest] = new Entry { Newer = _firstFree };
        _firstFree = oldest;
        return true;
    }

    // Those that never meant anything come first.
    private int TakeFree()
    {
        if (_nextFresh > _lastNumber)
        {
            int number = _firstFree;
            _firstFree = _entries[number].Newer;
            return number;
        }

        if (_nextFresh == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Min(2 * _entries.Length, _lastNumber + 1));
        }

        return _nextFresh++;
    }

    private void Touch(int number, long now)
    {
        if (_entries[number].Holds == 0)
        {
            Unlink(number);
            Append(number, now);
        }
    }

    private void Append(int number, long now)
    {
        int latest = _entries[Ends].Older;
        ref Entry entry = ref _entries[number];
        entry.UsedAt = now;
        entry.Older = latest;
        entry.Newer = Ends;
        _entries[latest].Newer = number;
        _entries[Ends].Older = number;
    }

    private void Unlink(int number)
    {
        Entry entry = _entries[number];
        _entries[entry.Older].Newer = entry.Newer;
        _entries[entry.Newer].Older = entry.Older;
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Entry
    {
        public byte[]? Name;
        public long UsedAt;
        public int Holds;
        public int Older;
        public int Newer;
    }

    private sealed class Held(SyntheticNames names, int number) : IDisposable
    {
        private SyntheticNames? _names = names;

        public void Dispose() => Interlocked.Exchange(ref _names, null)?.Release(number);
    }
}
