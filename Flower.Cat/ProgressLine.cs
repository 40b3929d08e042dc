// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Cat;

/// <summary>
/// What has moved through a connection so far: on a terminal one line that is written over each second, and in the end, wherever
/// standard error goes, one line that stays. Nothing waits for it but its end.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    // Over what stood there: to the beginning of the line, and away with it (console_codes(4)).
    private const string Again = "\r\e[K";

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    private readonly Lock _lock = new();
    private readonly long _begun = Stopwatch.GetTimestamp();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private readonly Timer? _timer;
    private long _lastSent;
    private long _lastReceived;
    private bool _isOver;

    public ProgressLine()
    {
        if (_isTerminal)
        {
            _timer = new(_ => Draw(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>What went to the peer.</summary>
    public ByteCount Sent { get; } = new();

    /// <summary>What came from it.</summary>
    public ByteCount Received { get; } = new();

    /// <summary>Bytes for people: <c>1.5 MiB</c>.</summary>
    public static string Amount(double bytes)
    {
        int unit = 0;
        while (bytes >= 1023.95 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes:0.#} {Units[unit]}");
    }

    /// <summary>The last line.</summary>
    public static string Summary(long sent, long received, TimeSpan time)
    {
        double seconds = Math.Max(time.TotalSeconds, 0.001);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"sent {Amount(sent)} ({Amount(sent / seconds)}/s), received {Amount(received)} ({Amount(received / seconds)}/s) "
            + $"in {time.TotalSeconds:0.0} s");
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            if (!_isOver)
            {
                _isOver = true;
                if (_isTerminal)
                {
                    Console.Error.Write(Again);
                }

                Tool.Say("flower cat", Summary(Sent.Total, Received.Total, Stopwatch.GetElapsedTime(_begun)));
            }
        }
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return;
            }

            (long sent, long received) = (Sent.Total, Received.Total);
            string time = Stopwatch.GetElapsedTime(_begun).ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
            Console.Error.Write(
                $"{Again}{time}  sent {Amount(sent)} ({Amount(sent - _lastSent)}/s)  "
                + $"received {Amount(received)} ({Amount(received - _lastReceived)}/s)");
            (_lastSent, _lastReceived) = (sent, received);
        }
    }
}
