# Only asio_server/src/io may name an interface of an operating system's, and in there only the
# Linux backend. Prints how often each folder does; fails if another one does.
cmake_policy(VERSION 3.25)
set(names
    "#[ ]*include[ ]*<(sys/|linux/|net/|netinet/|arpa/|unistd|fcntl|poll|pthread|errno|cerrno|csignal|signal)"
    "epoll_" "recvmmsg" "timerfd" "setsockopt" "getsockopt" "sockaddr" "msghdr" "cmsg"
    "[^_a-z]errno[^_a-z]" "pid_t" "ssize_t" "getpid" "pthread_" "asio/posix"
    "SO_[A-Z]" "IP_[A-Z]" "UDP_[A-Z]"
    "[^_A-Za-z](EAGAIN|EINTR|ENOMEM|EINVAL|EMSGSIZE|ENOBUFS|EPOLL[A-Z]+|POLL(IN|OUT|ERR))")
file(GLOB_RECURSE files RELATIVE "${SOURCE_DIR}" "${SOURCE_DIR}/src/*.?pp" "${SOURCE_DIR}/include/*.?pp")
set(bad "")
foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH folder)
    if(NOT DEFINED count_${folder})
        set(count_${folder} 0)
        list(APPEND folders ${folder})
    endif()
    file(STRINGS "${SOURCE_DIR}/${file}" lines)
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "//.*" "" code "${line}")
        foreach(name IN LISTS names)
            if(code MATCHES "${name}")
                math(EXPR count_${folder} "${count_${folder}} + 1")
                if(NOT folder STREQUAL "src/io/linux")
                    string(APPEND bad "\n  ${file}: ${line}")
                endif()
                break()
            endif()
        endforeach()
    endforeach()
endforeach()
foreach(folder IN LISTS folders)
    message(STATUS "${folder}: ${count_${folder}} lines with a system's name")
endforeach()
if(bad)
    message(FATAL_ERROR "These belong into src/io/linux:${bad}")
endif()
