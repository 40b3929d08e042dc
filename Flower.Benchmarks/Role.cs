// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>A process that takes part in a measurement. Disposing it ends it.</summary>
internal sealed class Role : IDisposable
{
    private readonly Process _process;

    private Role(string program, IEnumerable<string> arguments, string? notifySocket)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        if (notifySocket is not null)
        {
            start.Environment["NOTIFY_SOCKET"] = notifySocket;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }

    /// <summary>The flower program that was built along with this one, in the same configuration.</summary>
    public static string BuiltFlower
    {
        get
        {
            // …/Flower.Benchmarks/bin/Release/net10.0/ → …/Flower/bin/Release/net10.0/
            var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
            DirectoryInfo? root = framework.Parent?.Parent?.Parent?.Parent;
            return Path.Combine(
                root?.FullName ?? "/", "Flower", "bin", framework.Parent?.Name ?? "Release", framework.Name, "flower");
        }
    }

    public int ProcessId => _process.Id;

    /// <summary>Starts a switchboard and waits until it says that it is ready.</summary>
    public static async Task<Role> StartBoardAsync(
        string flower, string socket, CancellationToken cancellationToken, params string[] more)
    {
        string notify = socket + ".ready";
        using var ready = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        ready.Bind(new UnixDomainSocketEndPoint(notify));
        var role = new Role(flower, ["switchboard", "--listen", socket, .. more], notify);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            await ready.ReceiveAsync(new byte[64], patience.Token);
            return role;
        }
        catch
        {
            role.Dispose();
            throw;
        }
    }

    /// <summary>Starts a program, and does not wait for anything.</summary>
    public static Role Start(string program, params string[] arguments) => new(program, arguments, null);

    /// <summary>Starts this program again in another role and waits for its line "ready".</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="before">What it is started by, such as setpriv(1), with its arguments.</param>
    public static async Task<Role> StartSelfAsync(
        string[] arguments, CancellationToken cancellationToken, params string[] before)
    {
        string[] words = [.. before, .. OwnProgram.Words, .. arguments];
        var role = new Role(words[0], words[1..], null);
        try
        {
            string line = await role.ReadLineAsync(cancellationToken);
            return line == "ready" ? role : throw new InvalidOperationException($"a {arguments[0]} said '{line}'");
        }
        catch
        {
            role.Dispose();
            throw;
        }
    }

    /// <summary>Runs clients to their end, and says what they measured.</summary>
    /// <param name="socket">Where the switchboard is.</param>
    /// <param name="clients">How many at once.</param>
    /// <param name="total">Connects of all together.</param>
    /// <param name="board">The switchboard's process.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="more">Other options of theirs.</param>
    public static async Task<Measured> MeasureAsync(
        string socket, int clients, int total, int board, CancellationToken cancellationToken, params string[] more)
    {
        using Role client = await StartSelfAsync(
            [
                "client", socket, clients.ToString(CultureInfo.InvariantCulture),
                total.ToString(CultureInfo.InvariantCulture), board.ToString(CultureInfo.InvariantCulture), .. more,
            ],
            cancellationToken);
        return Measured.Parse(await client.ReadLineAsync(cancellationToken));
    }

    /// <summary>The processor time that a process has used, user and system (proc(5)).</summary>
    public static TimeSpan CpuTime(int processId)
    {
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture);
        // USER_HZ, in which the kernel counts here, is 100 on every Linux that .NET runs on.
        return TimeSpan.FromMilliseconds(ticks * 10);
    }

    /// <summary>The next line of its output.</summary>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken)
        ?? throw new InvalidOperationException("a process of the benchmark ended early");

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
