// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Box;
using Flower.Run.Names;

namespace Flower.Run.Network;

/// <summary>
/// The network of a box, in whose namespace this process is: set up, with the sockets that the agent has there. Owns
/// the sockets.
/// </summary>
internal sealed class BoxNetwork : IDisposable
{
    // linux/in.h and linux/in6.h: a connection keeps the address to which it was made, whosever that is.
    private const int SolIp = 0;
    private const int IpTransparent = 19;
    private const int SolIp6 = 41;
    private const int Ip6Transparent = 75;
    private const int Backlog = 4096;
    private const string FirstPort = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    private static readonly string[] WithoutIPv6 =
        ["/proc/sys/net/ipv6/conf/all/disable_ipv6", "/proc/sys/net/ipv6/conf/lo/disable_ipv6"];

    private BoxNetwork(IReadOnlyList<Socket> stubs, IReadOnlyList<Socket> udpStubs, IReadOnlyList<Descriptor> listeners)
    {
        Stubs = stubs;
        UdpStubs = udpStubs;
        Listeners = listeners;
    }

    /// <summary>Whether there is IPv6.</summary>
    public bool HasIPv6 => Listeners.Count > 1;

    /// <summary>Where the DNS stub is asked by TCP: IPv4, and IPv6 if there is.</summary>
    public IReadOnlyList<Socket> Stubs { get; }

    /// <summary>The same by UDP.</summary>
    public IReadOnlyList<Socket> UdpStubs { get; }

    /// <summary>Non-blocking, where connections of programs in the box arrive; each has its own destination.</summary>
    public IReadOnlyList<Descriptor> Listeners { get; }

    /// <summary>Looks whether the programs are there that <see cref="SetUpAsync"/> needs.</summary>
    /// <exception cref="ToolException">One is missing; the message names Debian's package.</exception>
    public static void CheckParts()
    {
        _ = IpProgram();
        _ = NftProgram();
    }

    /// <summary>Sets it up.</summary>
    /// <exception cref="ToolException">The namespace is not a new one, or the kernel cannot do it.</exception>
    public static async Task<BoxNetwork> SetUpAsync()
    {
        CheckNew();
        bool hasIPv6 = TryEnableIPv6();
        await RunAsync(IpProgram(), ["-batch", "-"], BoxRules.Addresses(hasIPv6));
        AllowAllPorts();
        BoxNetwork network = Open(hasIPv6);
        try
        {
            await RunAsync(NftProgram(), ["-f", "-"], BoxRules.Firewall(hasIPv6));
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable socket in Stubs.Concat<IDisposable>(UdpStubs).Concat(Listeners))
        {
            socket.Dispose();
        }
    }

    private static string IpProgram() => RequiredProgram.Find(BoxOptions.WithAgent, "ip", "iproute2");

    private static string NftProgram() => RequiredProgram.Find(BoxOptions.WithAgent, "nft", "nftables");

    // These changes would cut off a network that is in use.
    private static void CheckNew()
    {
        IEnumerable<string> interfaces = File.ReadLines("/proc/self/net/dev")
            .Where(line => line.Contains(':', StringComparison.Ordinal))
            .Select(line => line.Split(':')[0].Trim());
        if (interfaces.Any(name => name != "lo"))
        {
            throw new ToolException(ExitCodes.Usage, "the network namespace is not a new one: start flower run --box");
        }
    }

    private static bool TryEnableIPv6()
    {
        try
        {
            Array.ForEach(WithoutIPv6, path => File.WriteAllText(path, "0"));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The kernel has none, or /proc/sys is read-only.
            return File.Exists(WithoutIPv6[^1]) && File.ReadAllText(WithoutIPv6[^1]).Trim() == "0";
        }
    }

    // A program in the box has no capability, and its ports are nobody else's.
    private static void AllowAllPorts()
    {
        try
        {
            File.WriteAllText(FirstPort, "0");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tool.Say(RunCommand.FullName, $"the command cannot listen on ports below 1024: {FirstPort} is read-only");
        }
    }

    private static BoxNetwork Open(bool hasIPv6)
    {
        IPAddress[] addresses = hasIPv6
            ? [SyntheticAddresses.Stub4, SyntheticAddresses.Stub6]
            : [SyntheticAddresses.Stub4];
        List<Socket> stubs = [];
        List<Socket> udpStubs = [];
        List<Descriptor> listeners = [];
        try
        {
            foreach (IPAddress address in addresses)
            {
                udpStubs.Add(new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
                udpStubs[^1].Bind(new IPEndPoint(address, BoxRules.DnsPort));
                stubs.Add(Listen(new(address, BoxRules.DnsPort), isTransparent: false));
                using Socket transparent = Listen(new(address, BoxRules.AgentPort), isTransparent: true);
                listeners.Add(Descriptor.FromSocket(transparent));
                StreamSocket.MakeNonBlocking(listeners[^1]);
            }

            return new(stubs, udpStubs, listeners);
        }
        catch (SocketException e)
        {
            new BoxNetwork(stubs, udpStubs, listeners).Dispose();
            throw new ToolException(ExitCodes.Unavailable, $"the box's network cannot be made: {e.Message}", e);
        }
    }

    private static Socket Listen(IPEndPoint endPoint, bool isTransparent)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (isTransparent)
            {
                bool is4 = endPoint.AddressFamily == AddressFamily.InterNetwork;
                socket.SetRawSocketOption(
                    is4 ? SolIp : SolIp6, is4 ? IpTransparent : Ip6Transparent, BitConverter.GetBytes(1));
            }

            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // What the program says of an error goes to our standard error, before our own words.
    private static async Task RunAsync(string program, string[] arguments, string input)
    {
        using var pipe = BlockingPipe.Filled(System.Text.Encoding.ASCII.GetBytes(input));
        ChildProcess process;
        try
        {
            process = Spawn.Start(
                new() { Program = program, Arguments = arguments, Descriptors = [new(pipe.ReadEnd, 0)] },
                EventLoop.Shared);
        }
        catch (FlowerSocketException e)
        {
            throw new ToolException(ExitCodes.Unavailable, $"the box's network cannot be made: {e.Message}", e);
        }

        ExitStatus end = await process.Exited;
        if (end.ShellCode != 0)
        {
            throw new ToolException(
                ExitCodes.Unavailable,
                $"the box's network cannot be made, for the reason that {Path.GetFileName(program)} gives above; the kernel needs nftables "
                + "with socket, tproxy and log, and user namespaces with capabilities (sysctl "
                + "kernel.apparmor_restrict_unprivileged_userns)");
        }
    }
}
