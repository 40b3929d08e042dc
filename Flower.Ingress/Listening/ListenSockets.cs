// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Ingress.Listening;

/// <summary>Opens all that the command line names, or nothing.</summary>
internal static class ListenSockets
{
    /// <returns>At least one; the caller owns them.</returns>
    /// <exception cref="ToolException">One of them cannot be had.</exception>
    public static IReadOnlyList<ListenSocket> Open(IReadOnlyList<ListenAddress> addresses, BindOptions options)
    {
        var opened = new List<ListenSocket>();
        var taken = new HashSet<int>();
        try
        {
            foreach (ListenAddress address in addresses)
            {
                Open(address, options, opened, taken);
            }

            return opened;
        }
        catch
        {
            opened.ForEach(listener => listener.Dispose());
            throw;
        }
    }

    private static void Open(
        ListenAddress address, BindOptions options, List<ListenSocket> opened, HashSet<int> taken)
    {
        switch (address)
        {
            case ListenAddress.Ip ip:
                opened.Add(Binding.Open(ip.EndPoint, options));
                break;
            case ListenAddress.Unix unix:
                opened.Add(Binding.Open(unix.Path, options));
                break;
            case ListenAddress.Inherited inherited:
                opened.Add(Take(inherited.Number, "fd:", taken));
                break;
            case ListenAddress.Systemd systemd:
                IReadOnlyList<(int Number, string Name)> passed =
                    SystemdSockets.Read(Environment.GetEnvironmentVariable, Environment.ProcessId);
                // All of them, also those that nobody chose: none is for a child of this process.
                foreach ((int number, _) in passed)
                {
                    InheritedDescriptor.CloseOnExec(number);
                }

                opened.AddRange(SystemdSockets.Choose(passed, systemd.Name)
                    .Select(number => Take(number, "systemd: fd ", taken)));
                break;
            default:
                throw new InvalidOperationException();
        }
    }

    private static ListenSocket Take(int number, string prefix, HashSet<int> taken)
    {
        if (!taken.Add(number))
        {
            throw new ToolException(ExitCodes.Usage, $"{prefix}{number} is named twice: once is enough");
        }

        Descriptor descriptor = InheritedDescriptor.TryTakeListener(number) ?? throw new ToolException(
            ExitCodes.Unavailable,
            $"{prefix}{number} is not a listening stream socket: whoever starts this process must listen on it and "
                + "leave it open across exec");
        return ListenSocket.Adopt(descriptor, inherited: true, file: null);
    }
}
